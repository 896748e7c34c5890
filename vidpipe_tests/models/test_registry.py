"""The registry that is shipped, and what a broken one is told."""

from fnmatch import fnmatch

import pytest

from vidpipe.errors import Misconfigured
from vidpipe.media.faces.choose import BEST
from vidpipe.models import chosen, entries, entry
from vidpipe.models.model import Carried, Hub, Located, ModelEntry, Package, Url
from vidpipe.models.registry import read_entries
from vidpipe.pipeline import TALKS
from vidpipe.settings import setting_names


@pytest.mark.parametrize("item", entries().values(), ids=list(entries()))
def test_every_entry_says_what_it_is(item):
    assert set(item.stages) <= {*TALKS.names(), "demo"}
    assert item.setting in {"", *setting_names()}
    if isinstance(item.source, Package | Url):
        assert item.pinned and item.size_bytes == sum(f.size_bytes for f in item.files)
    if isinstance(item.source, Hub):
        assert not item.pinned and item.about_bytes > 10_000_000
        for need in item.source.needs:
            assert any(fnmatch(need, pattern) for pattern in item.source.files), need
    if item.fetched and "demo" not in item.stages and item.name != BEST:
        assert item.setting and item.form, "nobody could say where it is instead"
    assert isinstance(item.source, Carried) == (item.version == "carried")


def test_every_size_that_faster_whisper_knows_is_there():
    from faster_whisper.utils import _MODELS

    for size, repo in _MODELS.items():
        item = chosen(f"whisper-{size}", like="whisper-small")
        if size == "base":
            assert item.pinned
        else:
            assert item.source.repo == repo, size


def test_what_the_defaults_name_is_in_the_registry():
    from vidpipe.content.model import SentenceModelOptions
    from vidpipe.transcript.model import FasterWhisperOptions, TransformersOptions

    names = (f"whisper-{FasterWhisperOptions().model}", TransformersOptions().model)
    for name in (*names, SentenceModelOptions().model, BEST):
        assert entry(name).name in entries()


def test_a_repository_that_it_does_not_know_is_taken_for_one_of_the_same_form():
    item = chosen("somebody/whisper-swiss", like="whisper-small", revision="v2")
    assert item.source.repo == "somebody/whisper-swiss" and item.version == "v2"
    assert item.source.files == entry("whisper-small").source.files
    assert item.licence == "see the hub" and item.size_bytes == 0
    # The form decides: the same repository means another model to another recogniser.
    other = chosen("Systran/faster-whisper-small", like="whisper-large-v3-transformers")
    assert "*.safetensors" in other.source.files
    assert chosen("openai/whisper-large-v3", like="whisper-large-v3-transformers").name in entries()
    with pytest.raises(Misconfigured, match="whisper-tiny"):
        chosen("whisper-huge", like="whisper-small")
    with pytest.raises(Misconfigured, match="centerface"):
        entry("centreface")


GOOD = """
- name: one
  version: "1"
  purpose: tests
  stages: [layout]
  licence: MIT
  source: {kind: url, files: {a.bin: "https://example.com/a.bin"}}
  files: [{name: a.bin, size_bytes: 3, sha256: %s}]
""" % ("a" * 64)


def test_a_model_by_address_is_pinned_and_stays_in_its_folder():
    assert read_entries(GOOD)["one"].files[0].size_bytes == 3
    for good, bad, said in (
        ("{name: a.bin, size_bytes", "{name: b.bin, size_bytes", "pinned"),
        ("a.bin", "../a.bin", "plain path"),
        ("a.bin", "/a.bin", "plain path"),
        ("https:", "file:", "pattern"),
        ("a" * 64, "a" * 63, "sha256"),
        ("licence: MIT", "license: MIT", "licence"),
        ("name: one", "name: ../one", "name"),
    ):
        with pytest.raises(Misconfigured, match=said):
            read_entries(GOOD.replace(good, bad))
    with pytest.raises(Misconfigured, match="twice"):
        read_entries(GOOD + GOOD)
    with pytest.raises(Misconfigured, match="folder"):
        read_entries(
            GOOD.split("  source", maxsplit=1)[0] + "  source: {kind: folder, path: /models}\n"
        )


def test_a_model_of_a_folder_is_told_by_what_is_in_it(tmp_path):
    item = entry("whisper-base").kept_at(tmp_path)
    assert isinstance(item, ModelEntry) and not item.pinned and not item.fetched
    assert item.source.files == tuple(f.name for f in entry("whisper-base").files)
    assert Located(item, tmp_path, (), "", "").size_bytes == 0
