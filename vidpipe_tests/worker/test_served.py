"""The service runs chores beside what it serves, unless a setting says no."""

from __future__ import annotations

import threading

import pytest
from starlette.testclient import TestClient

from vidpipe.api import app as module
from vidpipe.library import Library
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe.worker import Chore


@pytest.mark.parametrize("wanted", [True, False])
def test_chores_run_as_long_as_the_service_does(tmp_path, monkeypatch, wanted):
    ran = threading.Event()
    monkeypatch.setattr(module, "chores", lambda *_: (Chore("one", 0.01, ran.set),))
    settings = load_settings(
        home=tmp_path, public_url="http://testserver", service={"chores": wanted}
    )
    library = Library(Engine(settings))
    library.engine.catalog.ready()
    with TestClient(module.service(library)) as client:
        assert client.get("/health").status_code == 200
        assert ran.wait(10 if wanted else 0.3) is wanted
    ran.clear()
    assert not ran.wait(0.1)
