"""What packages and settings bring along, and what a stage asks for."""

import shutil

import pytest

from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.models import ModelStore, bundled_model, carried, chosen, entry
from vidpipe.models.digests import sha256_of
from vidpipe.models.model import Carried
from vidpipe.pipeline.needs import needed_models
from vidpipe.settings import load_settings
from vidpipe.transcript.model import TranscriptOptions
from vidpipe.transcript.registry import choose


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models", may_fetch=False)


@pytest.mark.parametrize("name", ["silero-vad", "pocketsphinx", "dlib-hog"])
def test_what_packages_carry_is_here_and_is_what_they_were_built_with(store, name):
    found = store.locate(name)
    assert found.path.exists() and found.origin.startswith("carried by ")
    assert found.identity.startswith(f"{name}:") and found == bundled_model(name)
    assert all(finding.ok for finding in store.verify(name))
    assert store.state(name) == "here"
    assert not store.folder.exists(), "nothing is written to look at what is there"


def test_what_a_package_carries_is_told_by_its_bytes(tmp_path, monkeypatch):
    home = tmp_path / "site" / "made_carrier"
    (home / "models").mkdir(parents=True)
    (home / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    source = Carried(package="made-carrier", module="made_carrier", files=("made_carrier/*/*.bin",))
    item = entry("silero-vad").model_copy(update={"source": source})
    store = ModelStore(tmp_path / "models", may_fetch=True)
    assert "brings no" in store.missing(item) and store.here(item) is None
    with pytest.raises(Unavailable, match="brings no"):
        store.locate(item)
    (home / "models" / "a.bin").write_bytes(b"one")
    first = store.locate(item)
    assert first.path == home / "models" / "a.bin"
    [finding] = store.verify(item)
    assert finding.ok is None, "its package has no record of it"
    (home / "models" / "a.bin").write_bytes(b"another")
    assert store.locate(item).identity != first.identity
    (home / "models" / "b.bin").write_bytes(b"two")
    assert store.locate(item).path == home / "models"
    gone = source.model_copy(update={"module": "nowhere_at_all"})
    assert "not installed" in carried.missing(gone)


def test_a_folder_of_the_users_goes_before_everything(store, tmp_path):
    folder = tmp_path / "my-whisper"
    folder.mkdir()
    assert "model.bin" in store.missing("whisper-small", folder)
    with pytest.raises(Unavailable, match=r"model\.bin"):
        store.locate("whisper-small", folder)
    (folder / "model.bin").write_bytes(b"weights")
    (folder / "notes.txt").write_text("mine")
    found = store.locate("whisper-small", folder)
    assert found.path == folder and found.files == (folder / "model.bin",)
    assert found.identity.startswith("my-whisper:") and "FASTER_WHISPER__PATH" in found.origin
    (folder / "notes.txt").write_text("something else")
    assert store.locate("whisper-small", folder).identity == found.identity
    # As long as before, other bytes.
    (folder / "model.bin").write_bytes(b"weighty")
    assert store.locate("whisper-small", folder).identity != found.identity
    needed = store.needed(chosen("small", like="whisper-small", path=str(folder)))
    assert needed.folder() == folder and not needed.to_fetch() and needed.missing() is None


def test_a_large_file_is_read_once_for_its_digest(tmp_path, monkeypatch):
    from vidpipe.models import digests

    large = tmp_path / "large.bin"
    large.write_bytes(bytes(20 << 20))
    kept = tmp_path / "kept"
    first = sha256_of(large, kept)
    digests._sha256.cache_clear()
    monkeypatch.setattr(digests, "hash_file", lambda *_: pytest.fail("it is read again"))
    assert sha256_of(large, kept) == first
    monkeypatch.undo()
    large.write_bytes(bytes(20 << 20) + b"x")
    assert sha256_of(large, kept) != first
    # Where nothing can be kept it is read again.
    digests._sha256.cache_clear()
    (tmp_path / "file").write_text("")
    assert sha256_of(large, tmp_path / "file" / "kept") == sha256_of(large)


def test_a_model_that_would_be_fetched_is_asked_for_only_when_it_is_the_one(tmp_path, monkeypatch):
    asked = []

    def fetch(self, item, *, again):
        asked.append(item.name)
        raise Unavailable(f"{item.name} cannot be had")

    monkeypatch.setattr(ModelStore, "_fetch", fetch)
    settings = load_settings(home=tmp_path, allow_model_download=True)
    recogniser, _ = choose(settings.transcript, "en", settings.model_store, fetch=False)
    assert recogniser.name == "faster-whisper" and recogniser.weights.to_fetch()
    assert "488 MB" in recogniser.weights.to_come()
    names = [need.entry.name for need in needed_models(settings)]
    assert {"silero-vad", "whisper-small", "centerface"} <= set(names) and asked == []
    recogniser, passed = choose(settings.transcript, "en", settings.model_store)
    assert asked == ["whisper-small", "whisper-base"] and recogniser.name == "pocketsphinx"
    why = {p.source: p.reason for p in passed}["faster-whisper"]
    assert "whisper-small cannot be had; whisper-base cannot be had" in why


def test_where_the_default_whisper_cannot_be_had_a_smaller_one_hears(whisper_base, monkeypatch):
    real = ModelStore._fetch

    def fetch(self, item, *, again):
        if item.name == "whisper-small":
            raise Unavailable("the hub does not answer")
        return real(self, item, again=again)

    monkeypatch.setattr(ModelStore, "_fetch", fetch)
    store = ModelStore(whisper_base.parent.parent, may_fetch=True)
    recogniser, passed = choose(TranscriptOptions(), "de", store)
    assert recogniser.name == "faster-whisper" and "whisper-base" in recogniser.identity
    assert {p.source: p.reason for p in passed}["faster-whisper"] == "the hub does not answer"
    # Who names a model gets that one or another recogniser, never a model in its place.
    named = TranscriptOptions(recognisers="faster-whisper")
    assert choose(named, "de", store)[0] is None


def test_what_settings_name_is_needed(tmp_path):
    settings = load_settings(
        home=tmp_path, faces="dlib", transcript={"faster_whisper": {"model": "base"}}
    )
    names = [need.entry.name for need in needed_models(settings)]
    assert "whisper-base" not in names, "it is neither here nor may it be fetched"
    assert "dlib-hog" in names and "pocketsphinx" in names
    may = settings.model_copy(update={"allow_model_download": True})
    assert "whisper-base" in [need.entry.name for need in needed_models(may)]
    wrong = load_settings(home=tmp_path, transcript={"faster_whisper": {"model": "huge"}})
    with pytest.raises(Misconfigured, match="whisper-huge"):
        needed_models(wrong)


def test_models_lie_where_settings_say(tmp_path, monkeypatch):
    assert load_settings(home=tmp_path).model_store.folder == tmp_path.resolve() / "models"
    monkeypatch.setenv("VIDPIPE_MODELS", str(tmp_path / "shared"))
    assert load_settings(home=tmp_path).model_store.folder == tmp_path / "shared"


def test_the_fetched_detector_is_loaded_from_a_copied_folder(centerface, tmp_path):
    """An offline machine: the folder of models is copied, nothing else."""
    shutil.copytree(centerface.parents[1], tmp_path / "centerface")
    store = ModelStore(tmp_path, may_fetch=False)
    found = store.locate("centerface")
    assert found.path == tmp_path / "centerface" / "1.5.0" / "centerface.onnx"
    assert [finding.ok for finding in store.verify("centerface")] == [True]
