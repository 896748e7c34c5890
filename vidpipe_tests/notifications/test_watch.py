"""Processes that fall silent, disks that fill: told once, by whoever sees it first, and over."""

from __future__ import annotations

import os
import platform

import pytest

from vidpipe.catalog.notice_tables import NoticeRow
from vidpipe.catalog.processes import COORDINATOR, PROCESSOR, WORKER, Presence
from vidpipe.operations import watch as module
from vidpipe.operations.watch import watch
from vidpipe.settings import load_settings


@pytest.fixture
def settings(tmp_path):
    return load_settings(home=tmp_path / "home", queue={"min_free_gib": 0})


@pytest.fixture
def look(office, settings):
    """See what is amiss, as several processes do."""

    def twice() -> list[str]:
        before = len(office.kinds())
        watch(office.catalog, settings)
        watch(office.catalog, settings)
        return office.kinds()[before:]

    return twice


@pytest.mark.parametrize("role", [WORKER, COORDINATOR])
def test_silence_of_the_last_one_is_told_once_and_its_end(office, look, role):
    presence = Presence(office.catalog, role, alone=role == COORDINATOR)
    assert look() == []
    presence.beat()
    began = office.clock.at
    office.clock.forward(299)
    assert look() == []
    office.clock.forward(2)
    assert look() == [f"{role}.silent"]
    (row,) = office.rows(NoticeRow)
    assert row.name == platform.node() and "12:00:00 UTC" in row.message
    assert str(os.getpid()) in row.message
    office.work()
    assert office.people.last.title.startswith("🚨 ")
    office.clock.forward(60)
    assert look() == []
    presence.beat()
    (process,) = office.catalog.processes.all()
    assert (process.began_at, process.at) == (began, office.clock.at)
    assert look() == [f"{role}.silent"]
    office.work()
    assert office.people.last.title.startswith("✅ ")


def test_an_orchestrator_in_whose_place_a_service_processes_is_not_missed(office, look):
    Presence(office.catalog, COORDINATOR, alone=True).beat()
    office.clock.forward(301)
    assert look() == ["coordinator.silent"]
    service = Presence(office.catalog, PROCESSOR)
    service.beat()
    look()
    assert office.catalog.conditions.all() == []
    office.clock.forward(200)
    service.beat()
    assert look() == []
    service.leave()
    assert look() == ["coordinator.silent"]


def test_one_of_several_that_is_gone_is_told_and_forgotten(office, look):
    first, second = (Presence(office.catalog, WORKER) for _ in range(2))
    first.beat()
    office.clock.forward(301)
    second.beat()
    assert look() == ["process.lost"]
    assert look() == []
    assert len(office.catalog.processes.all()) == 1


def test_a_process_that_ends_as_it_was_told_to_is_missed_by_nobody(office, look):
    presence = Presence(office.catalog, WORKER)
    presence.beat()
    presence.leave()
    office.clock.forward(3600)
    assert look() == [] and office.catalog.processes.all() == []


def test_one_that_nobody_heard_of_for_a_week_is_not_waited_for(office, look):
    Presence(office.catalog, WORKER).beat()
    office.clock.forward(301)
    assert look() == ["worker.silent"]
    office.clock.forward(7 * 86400)
    assert look() == ["worker.silent"]
    assert office.rows(NoticeRow)[-1].over
    assert office.catalog.processes.all() == [] == office.catalog.conditions.all()


def test_a_disk_that_fills_is_told_and_that_there_is_room(office, look, monkeypatch):
    monkeypatch.setattr(module, "low_disk_space", lambda _: "scratch has 0.5 GiB free")
    assert look() == ["disk.low"]
    office.clock.forward(7 * 3600)
    assert look() == ["disk.low"]
    monkeypatch.setattr(module, "low_disk_space", lambda _: None)
    assert look() == ["disk.low"]
    rows = office.rows(NoticeRow)
    assert [row.over for row in rows] == [False, False, True]
    assert rows[0].subject == platform.node() and rows[0].message == "scratch has 0.5 GiB free"


def test_the_real_disk_is_looked_at(office, tmp_path):
    watch(office.catalog, load_settings(home=tmp_path, queue={"min_free_gib": 10**6}))
    (row,) = office.rows(NoticeRow)
    assert "GiB free" in row.message and "are wanted" in row.message
