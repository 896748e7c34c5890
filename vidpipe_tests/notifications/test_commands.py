"""What is set and typed: targets from the environment, `vidpipe notify`."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from vidpipe.catalog.notice_kinds import NoticeLevel
from vidpipe.catalog.notices import Notice
from vidpipe.cli import app
from vidpipe.library import Library
from vidpipe.library.telling import Telling, places
from vidpipe.notifications.sending import AppriseSender
from vidpipe.observability.logs import secrets_of
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings, unknown_settings
from vidpipe_tests.notifications.conftest import People

OPS = "VIDPIPE_NOTIFY__TARGETS__OPS__"


@pytest.fixture
def people(monkeypatch):
    made = People()
    monkeypatch.setattr(AppriseSender, "send", lambda _, *given: made.send(*given))
    return made


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    monkeypatch.setenv("VIDPIPE_PUBLIC_URL", "https://clips.example.org")
    monkeypatch.setenv(f"{OPS}URL", "slack://tokenA000/tokenB000/tokenC000")
    monkeypatch.setenv(f"{OPS}LEVEL", "error")
    monkeypatch.setenv(f"{OPS}CHANNELS", '["default"]')
    return tmp_path


def vidpipe(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["notify", *words])
    return done.exit_code, done.output


def test_targets_are_set_by_name_and_their_addresses_are_secret(home):
    settings = load_settings()
    (made,) = settings.notify.targets.values()
    assert (made.level, made.channels) == (NoticeLevel.ERROR, ("default",))
    assert "tokenA000" not in repr(settings)
    assert "slack://tokenA000/tokenB000/tokenC000" in set(secrets_of(settings))
    names = {f"{OPS}URL": "", f"{OPS}KINDS": "", f"{OPS}ULR": "", "VIDPIPE_ALERTS__URL": ""}
    unknown = unknown_settings(names)
    assert [problem.partition(":")[0] for problem in unknown] == [
        "VIDPIPE_ALERTS__URL",
        f"{OPS}ULR",
    ]


def test_a_test_is_sent_and_said(home, people):
    assert vidpipe("test") == (0, "ops: taken\n")
    ((name, said),) = people.heard
    assert name == "ops" and said.title == "ℹ️ vidpipe: This is a test"
    assert "https://clips.example.org/docs/runbook.md#what-people-are-told" in said.text
    people.away = True
    code, words = vidpipe("test", "ops")
    assert code == 4 and "ops: it answered 500" in words
    assert vidpipe("test", "nobody")[0] == 2


def test_without_a_target_it_is_said_how_to_set_one(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    code, words = vidpipe("test")
    assert code == 2 and "VIDPIPE_NOTIFY__TARGETS__NAME__URL" in words
    assert "Nobody is told" in vidpipe("targets")[1]
    assert vidpipe("list") == (0, "Nothing yet.\n")


def test_targets_and_notices_are_listed(home, people):
    library = Library.open()
    catalog = library.engine.catalog
    notice = Notice(
        "job.failed",
        "it answers 404: key=hush-hush",
        cause="not_found",
        channel="default",
        subject="job-1",
    )
    catalog.notices.add(notice)
    telling = Telling(library.engine, people)
    telling.notifier.give()
    (view,) = telling.targets()
    assert (view.name, view.waiting, view.told_at) == ("ops", 1, None)
    code, words = vidpipe("targets")
    assert code == 0 and "ops" in words and "never" in words and "tokenA000" not in words
    code, words = vidpipe("list")
    assert code == 0 and "not_found" in words and "job-1" in words


def test_links_lead_to_the_runbook_that_is_set(tmp_path):
    plain = load_settings(home=tmp_path)
    assert places(plain).runbook == "" and places(plain).of("video.failed", "a--b-1") == ""
    forge = load_settings(home=tmp_path, repository_url="https://forge.example/vidpipe")
    assert places(forge).runbook == "https://forge.example/vidpipe/blob/main/docs/runbook.md"
    own = load_settings(home=tmp_path, notify={"runbook_url": "https://wiki.example/run"})
    assert places(own).section("x") == "https://wiki.example/run#x"


def test_the_chores_tell(tmp_path, people):
    import asyncio

    from vidpipe.library.chores import chores
    from vidpipe.worker import Worker

    library = Library(
        Engine(load_settings(home=tmp_path, notify={"group_s": 0, "targets": _plain()}))
    )
    library.engine.catalog.ready()
    library.engine.catalog.notices.add(Notice("disk.low", "full", subject="host"))
    wanted = {"heartbeat", "notices", "notifications"}
    mine = [chore for chore in chores(library) if chore.name in wanted]

    async def main() -> None:
        async with asyncio.timeout(60), Worker(mine).beside():
            while not people.heard or not library.engine.catalog.processes.all():
                await asyncio.sleep(0.02)

    asyncio.run(main())
    assert people.titles == ["❌ A disk is nearly full"]
    # It ended as it was told to.
    assert library.engine.catalog.processes.all() == []


def _plain() -> dict:
    return {"ops": {"url": "json://people.example.org"}}
