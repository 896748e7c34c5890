"""A home of any name: the path of a person's folder is not theirs to choose."""

import os
import shutil

import pytest

from vidpipe.catalog import database
from vidpipe.catalog.catalog import Catalog
from vidpipe_tests.conftest import make_engine, run_all

#: Everything that a filter graph, a URL, a configuration file or a pattern reads as its own.
ODD = "o'brien's: 100% [x]=\\y,z; {a}?b#c&d $e ü\""


def test_clips_are_rendered_wherever_the_home_is(processed, tmp_path, monkeypatch):
    home = tmp_path / ODD / "home"
    shutil.copytree(processed.engine.settings.home, home)
    for made in home.glob("store/*/*/clips"):
        shutil.rmtree(made)
    monkeypatch.setenv("VIDPIPE_HOME", str(home))
    engine = make_engine(home)
    ran = {r.stage: r for r in run_all(engine, processed.video_id, clips=1)}
    assert not ran["rendered_clips"].reused
    [clip] = ran["rendered_clips"].document.clips
    first = processed.document("rendered_clips").clips[0]
    assert all(f.captions for f in clip.files)
    # The same clip to the byte as in a home of a plain name: captions, fonts and all.
    assert [f.fingerprint for f in clip.files] == [f.fingerprint for f in first.files]
    for file in clip.files:
        key = f"default/{processed.video_id}/clips"
        [made] = (home / "store" / key).glob(f"{file.artifact}-clip.*.mp4")
        [other] = (processed.engine.store.root / key).glob(f"{file.artifact}-clip.*.mp4")
        assert made.read_bytes() == other.read_bytes()
    assert engine.settings.home == home and (home / "catalog.sqlite").exists()
    assert not [name for name in os.listdir(tmp_path) if name != ODD]  # noqa: PTH208


@pytest.mark.parametrize("name", ["100%", "%(here)s"])
def test_migrations_are_found_wherever_the_code_is(tmp_path, monkeypatch, name):
    moved = tmp_path / name / "migrations"
    shutil.copytree(database._MIGRATIONS, moved)
    monkeypatch.setattr(database, "_MIGRATIONS", moved)
    catalog = Catalog(f"sqlite:///{tmp_path / 'catalog.sqlite'}").ready()
    assert catalog.count_videos() == 0
