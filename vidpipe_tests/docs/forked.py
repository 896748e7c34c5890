"""The `vidpipe` command without its start: a process that has loaded all forks for each call.

Loading its modules takes a command 2 s of a processor, and the documents call it a hundred times.
What runs is the same function in a process of its own, with the caller's arguments, folder,
environment and files; its exit code and its end by a signal are the caller's.

`forked.py serve SOCKET` is the process that forks; `CLIENT` is the program that asks it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

#: The program in the place of `vidpipe`: it loads next to nothing.
CLIENT = """#!{python} -IS
import os, signal, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
asked = "\\0".join([os.getcwd(), str(len(sys.argv)), *sys.argv, *(
    f"{{k}}={{v}}" for k, v in os.environ.items())]).encode("utf-8", "surrogateescape")
socket.send_fds(server, [len(asked).to_bytes(8, "big")], [0, 1, 2])
server.sendall(asked)
answers = server.makefile("rb")
pid = int(answers.readline())
for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(one, lambda number, _: os.kill(pid, number))
code = int(answers.readline())
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


@contextlib.contextmanager
def forking(folder: Path, env: dict[str, str]) -> Iterator[str]:
    """While a process waits for calls; the text of the program that calls it."""
    address = folder / "socket"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-P", __file__, "serve", str(address)],
            **{"env": env, "stdin": subprocess.DEVNULL, "stdout": log, "stderr": log},
        )
    try:
        while not address.exists():
            assert server.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        yield CLIENT.format(python=sys.executable, address=str(address))
    finally:
        server.kill()
        server.wait()


def _called(connection: socket.socket) -> None:
    """Answer a call; returns in the process that is to be the command."""
    size, files, _, _ = socket.recv_fds(connection, 8, 3)
    text = b""
    while len(text) < int.from_bytes(size, "big"):
        text += connection.recv(1 << 16)
    folder, count, *rest = text.decode("utf-8", "surrogateescape").split("\0")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    command = os.fork()
    if command == 0:
        connection.close()
        os.chdir(folder)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os.environ.clear()
        os.environ.update(pair.split("=", 1) for pair in rest[int(count) :])
        sys.argv = rest[: int(count)]
        return
    for file in files:
        os.close(file)
    connection.sendall(b"%d\n" % command)
    while True:
        ended, status = os.waitpid(command, os.WNOHANG)
        if ended:
            with contextlib.suppress(OSError):
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            os._exit(0)
        # Whoever called says no more, unless they are gone: nothing is left behind then.
        gone, _, _ = select.select([connection], [], [], 0.02)
        if gone:
            os.kill(command, signal.SIGKILL)


def _serve(address: str) -> None:
    """Fork for each call; returns in the process that is to be the command."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{address}.part")
    listening.listen(16)
    Path(f"{address}.part").rename(address)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            _called(connection)
            return
        connection.close()


if __name__ == "__main__":
    from vidpipe.api import app
    from vidpipe.cli import main
    from vidpipe.library import Library

    assert app and Library
    # What is loaded is neither looked through nor copied in a process that forks from this one.
    gc.collect()
    gc.freeze()
    _serve(sys.argv[2])
    main()
