"""What killed processes left is swept, and nothing of those who live."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vidpipe.storage import claims
from vidpipe.storage.artifacts import Artifacts
from vidpipe.storage.objects import ObjectStore

#: Makes a workspace and a staged file, says so, and waits to be killed.
WORKER = """
import sys
from pathlib import Path
from vidpipe.storage.artifacts import Artifacts
from vidpipe.storage.objects import ObjectStore
home = Path(sys.argv[1])
artifacts = Artifacts(ObjectStore((home / "store").as_uri()), home / "scratch")
work = artifacts.workspace("render")
with artifacts.store._folder._staged("default/x") as (temporary, _):
    temporary.write_bytes(b"half")
    print(work, temporary, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def artifacts(tmp_path):
    return Artifacts(ObjectStore((tmp_path / "store").as_uri()), tmp_path / "scratch")


@pytest.fixture
def worker(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    process.made = [Path(word) for word in process.stdout.readline().split()]
    yield process
    process.kill()
    process.communicate()


def test_a_killed_process_is_swept_after(artifacts, worker):
    assert artifacts.sweep() == 0
    assert all(path.exists() for path in worker.made)
    worker.kill()
    worker.communicate()
    assert artifacts.sweep() == 2
    assert not any(path.exists() for path in worker.made)
    # Its claims are forgotten, too.
    locks = [artifacts.scratch / "claims", artifacts.store.root / ".staging"]
    assert [p for folder in locks for p in folder.iterdir()] == []


def test_the_living_are_left_alone_whatever_clock_and_process_id_say(
    artifacts, worker, monkeypatch
):
    """Two hours ahead, and from a container in which its process id is nobody's."""
    ours = artifacts.workspace("render")
    monkeypatch.setattr(time, "time", lambda: 4e9)

    def nobody(*_):
        raise ProcessLookupError

    monkeypatch.setattr(os, "kill", nobody)
    assert artifacts.sweep() == 0
    assert ours.exists() and all(path.exists() for path in worker.made)


def test_a_workspace_goes_with_whoever_made_it(tmp_path, artifacts):
    other = Artifacts(artifacts.store, artifacts.scratch)
    work = other.workspace("render")
    del other
    assert artifacts.sweep() == 1 and not work.exists()


def test_what_an_older_version_left_is_swept_after_a_day(artifacts):
    old, young = (artifacts.scratch / "work" / f"render-{k}-1" for k in (4711, 4712))
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 2 * 86_400,) * 2)
    assert artifacts.sweep() == 1
    assert young.exists() and not old.exists()


def test_a_disk_without_locks_is_never_swept(artifacts, monkeypatch):
    def unsupported(*_):
        raise OSError(claims.errno.EOPNOTSUPP, "not here")

    monkeypatch.setattr(claims.fcntl, "flock", unsupported)
    gone = Artifacts(artifacts.store, artifacts.scratch)
    work = gone.workspace("render")
    del gone
    assert artifacts.sweep() == 0 and work.exists()
