"""vidpipe reviews: deciding from a terminal, and what is printed."""

import csv
import io
import json

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from vidpipe.catalog.account_tables import AuditRow
from vidpipe.catalog.reviews import Halt, halt, locked
from vidpipe.cli import app
from vidpipe_tests.reviews.conftest import ONE, TWO, VIDEO, two_clips, video_row


@pytest.fixture
def library(open_library, monkeypatch, tmp_path):
    library = open_library()
    assert library.engine.catalog.accept_video(video_row())
    two_clips(library.engine.catalog)
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path / "home"))
    return library


def vidpipe(*words, code=0, **more):
    done = CliRunner().invoke(app, ["reviews", *words], env={"COLUMNS": "200"}, **more)
    assert done.exit_code == code, (done.output, done.exception)
    return done


def test_clips_are_decided_on_and_the_log_says_so(library):
    assert "Nothing waits" in vidpipe("list").output
    listed = vidpipe("list", "--all").output
    assert "clip 1" in listed and ONE[:12] in listed
    vidpipe("approve", VIDEO, "1", "--fingerprint", ONE[:12], "--note", "good")
    vidpipe("reject", VIDEO, "2", "--reason", "duplicate")
    said = vidpipe("list", "--state", "rejected").output
    assert "much the same as another" in said and "clip 1" not in said
    vidpipe("undo", VIDEO, "2")
    vidpipe("approve", VIDEO, "--all")
    assert "approved" in vidpipe("list", "--video", VIDEO).output
    with library.engine.catalog.session() as session:
        actions = session.scalars(select(AuditRow.action).order_by(AuditRow.id)).all()
    assert actions == ["clip.approve", "clip.reject", "clip.undo", "clip.approve"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("approve", VIDEO), "name clips"),
        (("approve", VIDEO, "1", "--all"), "name clips"),
        (("approve", VIDEO, "9"), "no clip '9'"),
        (("approve", VIDEO, "1", "--fingerprint", TWO), "was changed since"),
        (("approve", VIDEO, "--gate"), "waits at no gate"),
        (("approve", "default--none-0123456789", "1"), "no video"),
        (("reject", VIDEO, "1"), "needs a note"),
        (("reject", VIDEO, "1", "--reason", "ugly"), "there is no 'ugly'"),
        (("undo", VIDEO, "1"), "nobody decided"),
        (("list", "--state", "asleep"), "there is no 'asleep'"),
        (("list", "--channel", "none"), "none"),
        (("report", "--since", "yesterday"), "is not a time"),
        (("link", VIDEO, "--permission", "all"), "there is no 'all'"),
        (("link", VIDEO, "--hours", "0"), "more than 0"),
        (("revoke", "link-none"), "no review link"),
    ],
)
def test_what_cannot_be_is_said(library, words, said):
    assert said in vidpipe(*words, code=2).output


def test_a_video_is_let_through_a_gate(library):
    with library.engine.catalog.writing() as session:
        halt(session, locked(session, VIDEO), Halt("render", ONE, ("rendered_clips",)))
    assert "render" in vidpipe("list").output
    assert "goes on with rendered_clips" in vidpipe("approve", VIDEO, "--gate").output


def test_links_are_made_listed_and_revoked(library):
    made = vidpipe("link", VIDEO, "--clip", "1", "--password", input="tall blue door\n")
    where = made.stdout.strip().splitlines()[-1]
    token = where.rpartition("/")[2]
    assert library.reviews.links.open(token).locked
    which = vidpipe("links").output.splitlines()[1].split()[0]
    assert token not in vidpipe("links").output
    vidpipe("revoke", which)
    assert library.reviews.links.open(token) is None
    assert "revoked" in vidpipe("links").output


def test_the_report_and_the_marks_are_printed(library):
    assert "Nothing was decided" in vidpipe("report").output
    vidpipe("approve", VIDEO, "1")
    assert "70-79" in vidpipe("report").output
    assert json.loads(vidpipe("report", "--json").stdout)["decisions"] == 1
    [row] = csv.DictReader(io.StringIO(vidpipe("marks").stdout))
    assert row["recording"] == VIDEO
    assert "off_brand" in vidpipe("reasons").output


def test_of_several_files_every_way_to_end_can_be_the_gravest():
    from vidpipe.cli.run import _GRAVITY
    from vidpipe.errors import VidpipeError

    def every(kind):
        return {kind.exit_code}.union(*(every(one) for one in kind.__subclasses__()))

    assert every(VidpipeError) <= set(_GRAVITY)
