"""Nothing leaves the machine that no setting asked for."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: Runs the command with every look-up and connection but those to this machine refused.
GUARDED = """
import ipaddress, sys

def refuse(event, args):
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.sendto"):
        host = args[1][0] if isinstance(args[1], tuple) else None
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host in (None, "", "localhost"):
        return
    try:
        if ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    print("LEAVES:", event, host, file=sys.stderr, flush=True)
    raise PermissionError(f"{event} {host}")

sys.addaudithook(refuse)
from vidpipe.cli import main
main()
"""


def run(command, home, **more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VIDPIPE_", "ORT_", "HF_"))}
    env = {**kept, "VIDPIPE_HOME": str(home / "vidpipe"), "HOME": str(home), **more}
    env.pop("DO_NOT_TRACK", None)
    return subprocess.run(
        command, check=False, env=env, capture_output=True, text=True, timeout=500
    )


@pytest.fixture(scope="module")
def tracer(tmp_path_factory):
    """strace, where there is one and it may be used."""
    path = shutil.which("strace")
    out = tmp_path_factory.mktemp("trace") / "trace.txt"
    if path is None:
        return []
    command = [path, "-f", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(out)]
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    return [*command] if tried.returncode == 0 else []


def test_a_recording_goes_through_every_stage_without_a_connection(talk, tracer, tmp_path):
    out, home = tmp_path / "out", tmp_path / "home"
    home.mkdir()
    work = ["run", str(talk.path), "--out", str(out), "--clips", "1", "--quality", "draft"]
    made = run(
        [*tracer, sys.executable, "-c", GUARDED, *work], home, VIDPIPE_ALLOW_MODEL_DOWNLOAD="false"
    )
    assert made.returncode == 0, made.stderr[-2000:]
    assert "LEAVES" not in made.stderr
    assert list(out.rglob("*.mp4"))
    # ONNX Runtime keeps what it would send here.
    assert not list(home.rglob("*onnxruntime*"))
    if tracer:
        said = Path(tracer[-1]).read_text("utf-8", "replace")
        assert "AF_UNIX" in said or "exited" in said
        addresses = re.findall(r'sin6?_addr=inet_\w+\((?:AF_INET6, )?"([^"]+)"', said)
        addresses += re.findall(r'inet_pton\(AF_INET6, "([^"]+)"', said)
        assert {a for a in addresses if not a.startswith("127.") and a != "::1"} == set()


def test_the_guard_sees_what_leaves(tmp_path):
    """Or the test above could not fail."""
    asks = GUARDED.replace(
        "from vidpipe.cli import main\nmain()",
        "import urllib.request\nurllib.request.urlopen('http://192.0.2.1/', timeout=1)",
    )
    made = run([sys.executable, "-c", asks], tmp_path)
    assert made.returncode != 0 and "LEAVES: socket." in made.stderr


def test_libraries_are_told_before_they_are_loaded(tmp_path):
    code = (
        "import vidpipe, os, numpy as np\n"
        "from faster_whisper.vad import get_vad_model\n"
        "get_vad_model()(np.zeros(5120, np.float32))\n"
        "print(os.environ['ORT_DISABLE_TELEMETRY'], os.environ['HF_HUB_DISABLE_TELEMETRY'])\n"
    )
    made = run([sys.executable, "-c", code], tmp_path)
    assert made.stdout.split() == ["1", "1"], made.stderr
    assert not list(tmp_path.rglob("*onnxruntime*"))
