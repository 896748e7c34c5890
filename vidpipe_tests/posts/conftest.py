"""Libraries with clips to post, over SQLite; accounts at fakes that are reached without sockets."""

from __future__ import annotations

import os
import shutil

import pytest

from vidpipe_tests.catalog.conftest import database_url
from vidpipe_tests.posts.scene import CLIPS, Clock, Scene, new_fakes, open_scene, stock

__all__ = ["database_url"]


def _linked(source, target):
    """What is stored never changes; the catalog does."""
    if "sqlite" in source:
        return shutil.copy2(source, target)
    return os.link(source, target)


@pytest.fixture(scope="session")
def stocked_home(tmp_path_factory):
    """A home with clips and exports, which each test gets a copy of."""
    home = tmp_path_factory.mktemp("posts") / "home"
    clock = Clock()
    scene = open_scene(home, clock, {})
    stock(scene, *CLIPS)
    scene.library.engine.catalog.engine.dispose()
    return home


@pytest.fixture
def open_posts(tmp_path, stocked_home):
    """Opens a library over one home, as several processes do, with clips c1, c2, …"""
    opened: list[Scene] = []

    def go(*fakes: str, **more) -> Scene:
        if not opened:
            shutil.copytree(stocked_home, tmp_path / "home", copy_function=_linked)
        clock = opened[0].clock if opened else Clock()
        known = opened[0].fakes if opened else new_fakes(clock, *fakes)
        made = open_scene(tmp_path / "home", clock, known, **more)
        if not opened and "database_url" in more:
            stock(made, *CLIPS)
        opened.append(made)
        return made

    yield go
    for scene in opened:
        scene.library.engine.catalog.engine.dispose()
