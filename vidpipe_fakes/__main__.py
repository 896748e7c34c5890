"""Start every fake on 127.0.0.1, each on a port of its own: `python -m vidpipe_fakes`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal

import uvicorn

from vidpipe_fakes import FAKES
from vidpipe_fakes.core import FakePlatform


def main() -> None:
    """Serve until interrupted. Prints where each is, and a token that it takes."""
    reader = argparse.ArgumentParser(prog="python -m vidpipe_fakes", description=main.__doc__)
    reader.add_argument("--port", type=int, default=9300, help="of the first; the others follow")
    reader.add_argument("--only", nargs="*", choices=sorted(FAKES), help="these; all else")
    asked = reader.parse_args()
    fakes = [kind() for name, kind in FAKES.items() if not asked.only or name in asked.only]
    asyncio.run(_serve(fakes, asked.port))


async def _serve(fakes: list[FakePlatform], port: int) -> None:
    servers = [
        uvicorn.Server(
            uvicorn.Config(fake, host="127.0.0.1", port=port + number, log_level="warning")
        )
        for number, fake in enumerate(fakes)
    ]

    def end() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
    tasks = []
    for server, fake in zip(servers, fakes, strict=True):
        # Signals are for all of them.
        server.capture_signals = contextlib.nullcontext  # type: ignore[assignment]
        tasks.append(asyncio.create_task(server.serve()))
        while not server.started and not tasks[-1].done():
            await asyncio.sleep(0.01)
        token = fake.token(fake.ACCOUNT, life_s=86_400.0)
        where = f"http://127.0.0.1:{server.config.port}/"
        print(f"{fake.title:<22} {where}  token {token}", flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    main()
