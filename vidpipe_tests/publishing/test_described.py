"""The reference has every request, every lookup, and figures that the code keeps."""

from pathlib import Path

import pytest
import yaml

from vidpipe import publishing
from vidpipe.publishing import linkedin, tiktok, webhook, x, youtube
from vidpipe.publishing.faults import BY_STATUS
from vidpipe.publishing.folder import FAULTS as FOLDER_FAULTS
from vidpipe.publishing.folder import PostFolder
from vidpipe.publishing.graph import FAULTS as GRAPH_FAULTS
from vidpipe.publishing.model import Remedy
from vidpipe_tests.publishing.driving import drive, machine_for, scene_for

SAID = yaml.safe_load((Path(publishing.__file__).parent / "described.yaml").read_text("utf-8"))
TABLES = {
    "youtube": youtube.FAULTS, "tiktok": tiktok.FAULTS, "graph": GRAPH_FAULTS,
    "linkedin": linkedin.FAULTS, "x": x.FAULTS, "webhook": webhook.FAULTS,
    "folder": FOLDER_FAULTS,
}  # fmt: skip


def machine_of(name):
    return PostFolder(Path("posts")) if name == "folder" else machine_for(name)


@pytest.mark.parametrize("name", SAID)
def test_every_request_is_described(name):
    assert set(SAID[name]["sent"]) == set(machine_of(name).takers())


@pytest.mark.parametrize("name", [name for name in SAID if name != "folder"])
def test_every_request_that_is_looked_up_is_described(name):
    scene = scene_for(name)
    drive(scene)
    assert {state.armed for state in scene.states} - {""} == set(SAID[name]["lookups"])
    assert scene.machine.unsure <= set(SAID[name]["lookups"])


@pytest.mark.parametrize("name", SAID)
def test_every_limit_has_a_source_and_a_date(name):
    for what, figure, source, when in SAID[name]["limits"]:
        assert what and figure and len(source) > 8 and str(when).startswith("202")


@pytest.mark.parametrize("name", TABLES)
def test_every_refusal_has_words_and_an_end(name):
    for code, rule in TABLES[name].items():
        assert rule.words.endswith(".") and rule.words[0].isupper(), code
        if rule.remedy is Remedy.WAIT:
            assert rule.wait_s > 0 or rule.until


@pytest.mark.parametrize("name", TABLES)
def test_a_rule_for_one_request_names_one(name):
    requests = {"graph": ["instagram", "facebook"]}.get(name, [name])
    known = {call for one in requests for call in machine_of(one).takers()} | {"os"}
    for code in TABLES[name]:
        call, mark, status = code.partition(":")
        assert not mark or (call in known and status.isdecimal()), code


def test_figures_are_those_of_the_code():
    limits = {(n, row[0]): row[1] for n, item in SAID.items() for row in item["limits"]}
    assert f"{youtube.MOST_BYTES:,} bytes" == limits["youtube", "file"]
    assert f"{youtube.MOST_THUMBNAIL_BYTES:,} bytes" in limits["youtube", "thumbnail"]
    assert f"{youtube.MOST_CAPTION_BYTES:,} bytes" in limits["youtube", "captions"]
    assert f"{youtube.GRAIN_BYTES:,} bytes" in limits["youtube", "chunks"]
    assert (
        f"{tiktok.LEAST_CHUNK_BYTES:,} to {tiktok.MOST_CHUNK_BYTES:,}" in limits["tiktok", "chunks"]
    )
    assert linkedin.VERSION in SAID["linkedin"]["api"]


@pytest.mark.parametrize("name", [*TABLES, "status"])
def test_what_a_person_has_to_do_is_said(name):
    """What happened stands before a colon, and what helps behind it."""
    mine = (Remedy.FIX, Remedy.GIVE_UP, Remedy.RECONNECT)
    rules = BY_STATUS.values() if name == "status" else TABLES[name].values()
    silent = {rule.words for rule in rules if rule.remedy in mine and ": " not in rule.words}
    assert silent == set()
