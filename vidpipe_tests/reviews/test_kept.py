"""What reviewers do is kept: a report of what stood, and marks to learn from."""

import csv
import io

import pytest
from sqlalchemy import select

from vidpipe.catalog.review_tables import ReviewChangeRow
from vidpipe.library import Reason
from vidpipe_tests.reviews.conftest import (
    ADA,
    BEN,
    ONE,
    TWO,
    VIDEO,
    clip_row,
    render,
    video_row,
)


@pytest.fixture
def library(open_library, database_url):
    library = open_library("", database_url)
    assert library.engine.catalog.accept_video(video_row())
    render(
        library.engine.catalog,
        clip_row("c1", 1, ONE),
        clip_row("c2", 2, TWO),
        clip_row("c3", 3, "3" * 64, score=100.0),
        clip_row("c4", 4, "4" * 64, score=61.0),
    )
    yield library
    library.engine.catalog.engine.dispose()


def decide(library):
    """One stands, one was trimmed, two are rejected, one of them for its picture."""
    before, after = {"start_s": 20.0, "end_s": 28.0}, {"start_s": 21.5, "end_s": 28.0}
    who = {"by": "user:ada", "by_name": "ada@example.org"}
    library.reviews.changed(VIDEO, "c2", "borders", before, after, **who)
    library.reviews.changed(VIDEO, "c2", "title", {"title": "a"}, {"title": "a"}, **who)
    library.reviews.approve(VIDEO, "c1", ONE, ADA)
    library.reviews.approve(VIDEO, "c2", TWO, ADA)
    library.reviews.reject(VIDEO, "c3", "3" * 64, Reason.NO_CONTEXT, BEN)
    library.reviews.reject(VIDEO, "c4", "4" * 64, Reason.WRONG_FRAMING, BEN)


def test_what_is_the_same_as_before_is_no_change(library):
    decide(library)
    with library.engine.catalog.session() as session:
        [row] = session.scalars(select(ReviewChangeRow))
    assert (row.kind, row.score, row.by_name) == ("borders", 60.0, "ada@example.org")
    with pytest.raises(ValueError, match="weather"):
        library.reviews.changed(VIDEO, "c1", "weather", {}, {"a": 1}, by="local")


def test_a_change_is_kept_in_the_transaction_that_makes_it(library):
    def change_and_fail():
        with library.engine.catalog.writing() as session:
            library.reviews.changed(
                VIDEO, "c1", "title", {"title": "a"}, {"title": "b"}, by="local", session=session
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    with library.engine.catalog.session() as session:
        assert session.scalars(select(ReviewChangeRow)).all() == []


def test_the_report_says_how_often_choices_stood(library):
    decide(library)
    found = library.reviews.report(channels=["default"])
    rows = {(row.kind, row.band): row for row in found.rows}
    assert rows["clip", "70-79"].stood == 1 and rows["clip", "70-79"].share == 1.0
    trimmed = rows["clip", "60-69"]
    assert (trimmed.approved, trimmed.rejected, trimmed.changed, trimmed.stood) == (1, 1, 1, 0)
    assert rows["borders", "60-69"].changed == 1
    assert rows["clip", "90-100"].rejected == 1
    assert found.reasons == {"no_context": 1, "wrong_framing": 1}
    assert found.decisions == 4 and found.median_wait_s >= 0
    assert not library.reviews.report(channels=["other"]).rows


def test_a_decision_that_was_taken_back_is_in_no_report(library):
    made = library.reviews.approve(VIDEO, "c1", ONE, ADA)
    library.reviews.undo(VIDEO, "c1", made.decision.decision_id, ADA)
    assert library.reviews.report(channels=["default"]).decisions == 0


def test_marks_have_the_columns_of_readers_and_what_is_no_fault_of_the_passage_is_left_out(library):
    from benchmarks.marks import PASSAGES

    decide(library)
    rows = list(csv.DictReader(io.StringIO(library.reviews.marks(channels=["default"]))))
    with PASSAGES.open(encoding="utf-8", newline="") as file:
        assert list(rows[0]) == next(csv.reader(file))
    assert [(row["recording"], row["start_s"]) for row in rows] == [
        (VIDEO, "10.000"),
        (VIDEO, "20.000"),
        (VIDEO, "30.000"),
    ]
    stood, trimmed, rejected = rows
    assert float(stood["mark"]) > float(trimmed["mark"]) > float(rejected["mark"])
    assert trimmed["better_trimmed_at"] == "start"
    assert (rejected["fault"], float(rejected["self_contained"])) == ("back_reference", 0.0)
    assert float(rejected["hook"]) == 1.5
