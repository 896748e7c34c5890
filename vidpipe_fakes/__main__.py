"""Start every fake on 127.0.0.1, each on a port of its own: `python -m vidpipe_fakes`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import socket

import uvicorn

from vidpipe_fakes import FAKES
from vidpipe_fakes.core import FakePlatform

#: Of the first fake, where VIDPIPE_PUBLISHING__DRY=fakes looks for it.
FIRST_PORT = 9300


def main() -> None:
    """Serve until interrupted. Prints where each is, and a token that it takes.

    A fake has the same port whichever others are started: VIDPIPE_PUBLISHING__DRY=fakes looks for
    them from 9300 on. What they know is gone with them: connect accounts again after a restart.
    """
    reader = argparse.ArgumentParser(prog="python -m vidpipe_fakes", description=main.__doc__)
    reader.add_argument(
        "--port", type=int, default=FIRST_PORT, help="of youtube; the others follow"
    )
    reader.add_argument("--only", nargs="*", choices=sorted(FAKES), help="these; all else")
    asked = reader.parse_args()
    fakes = {
        name: (kind(), asked.port + number)
        for number, (name, kind) in enumerate(FAKES.items())
        if not asked.only or name in asked.only
    }
    with contextlib.ExitStack() as stack:
        listening = [stack.enter_context(_listening(port)) for _, port in fakes.values()]
        if asked.port != FIRST_PORT:
            dry = {name: f"http://127.0.0.1:{port}" for name, (_, port) in fakes.items()}
            print(f"VIDPIPE_PUBLISHING__DRY='{json.dumps(dry)}'", flush=True)
        asyncio.run(_serve([fake for fake, _ in fakes.values()], listening))


def _listening(port: int) -> socket.socket:
    found = socket.socket()
    # One that has just ended left its port in a state that others may take it in.
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        found.close()
        why = getattr(error, "strerror", None) or error
        raise SystemExit(
            f"vidpipe_fakes: port {port} of this machine cannot be listened on ({why}): are fakes "
            "running already? Else name another first port with --port"
        ) from None
    return found


async def _serve(fakes: list[FakePlatform], listening: list[socket.socket]) -> None:
    servers = [
        uvicorn.Server(uvicorn.Config(fake, log_level="warning", lifespan="off")) for fake in fakes
    ]

    def end() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
    tasks = []
    for server, fake, taken in zip(servers, fakes, listening, strict=True):
        # Signals are for all of them.
        server.capture_signals = contextlib.nullcontext  # type: ignore[assignment]
        tasks.append(asyncio.create_task(server.serve(sockets=[taken])))
        while not server.started and not tasks[-1].done():
            await asyncio.sleep(0.01)
        token = fake.token(fake.ACCOUNT, life_s=86_400.0)
        where = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        print(f"{fake.title:<22} {where}  token {token}", flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    main()
