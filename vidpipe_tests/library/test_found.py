"""The library's search, analytics and lists, and their commands."""

from __future__ import annotations

import json
import shutil

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner

from vidpipe.catalog.search_tables import SentenceRow
from vidpipe.cli import app
from vidpipe.library import Library, Refused, SearchKind, UnknownClip, UnknownExport, UnknownVideo
from vidpipe.pipeline.run_options import RunOptions
from vidpipe_tests.conftest import make_engine


@pytest.fixture
def home(processed, tmp_path):
    folder = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, folder)
    return folder


@pytest.fixture
def library(home) -> Library:
    return Library(make_engine(home))


@pytest.fixture
def call(home, monkeypatch):
    """A command over that home."""
    monkeypatch.setenv("VIDPIPE_HOME", str(home))

    def run(*arguments: str):
        return CliRunner().invoke(app, arguments)

    return run


def forget(library: Library) -> None:
    """As before there was an index."""
    with library.engine.catalog.writing() as session:
        session.execute(delete(SentenceRow))


def test_a_run_fills_the_index(library, processed):
    said = library.transcript(processed.video_id)
    every = library.search.find("the", channels={"default"}, limit=500).items
    assert {hit.kind for hit in every} == {SearchKind.TRANSCRIPT, SearchKind.SEGMENT}
    for sentence in said.sentences:
        [hit] = library.search.find(
            f'"{sentence.text}"', channels={"default"}, kind=SearchKind.TRANSCRIPT
        ).items
        assert (hit.start_s, hit.end_s, hit.text) == (
            sentence.start_s,
            sentence.end_s,
            sentence.text,
        )


def test_a_stage_that_runs_again_replaces_its_rows(library, processed):
    before = library.search.find("the", channels={"default"}, limit=500).items
    count = library.engine.catalog.search.count()
    for force in (False, True):
        options = RunOptions(force=force)
        order = library.engine.order(processed.video_id, options)
        library.engine.run_stage("transcript", processed.video_id, order)
        library.engine.run_stage("scored_segments", processed.video_id, order)
        assert library.engine.catalog.search.count() == count
        again = library.search.find("the", channels={"default"}, limit=500).items
        assert {h.text for h in again} == {h.text for h in before}


def test_what_was_made_before_there_was_an_index_is_written_into_it(library, processed, call):
    count = library.engine.catalog.search.count()
    forget(library)
    assert library.search.find("the", channels={"default"}).items == ()
    done = call("index")
    assert done.exit_code == 0 and f"{count} sentences and moments of 1 videos" in done.output
    assert library.engine.catalog.search.count() == count
    assert library.search.index(processed.video_id) == count
    assert library.engine.catalog.search.count() == count
    with pytest.raises(UnknownVideo):
        library.search.index("default--none-0123456789")
    library.retire([processed.video_id])
    assert library.search.index(processed.video_id) == 0


def test_pages_of_hits_go_on(library):
    whole = library.search.find("the", channels={"default"}, limit=500).items
    seen, cursor = [], None
    while True:
        page = library.search.find("the", channels={"default"}, limit=2, cursor=cursor)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert tuple(seen) == whole
    with pytest.raises(Refused, match="limit"):
        library.search.find("the", channels={"default"}, limit=501)


def test_the_command_shows_what_was_found(call, library, processed):
    word = max(library.transcript(processed.video_id).sentences[0].text.split(), key=len)
    done = call("search", word.strip(".,"))
    assert done.exit_code == 0 and processed.video_id in done.output and word in done.output
    told = json.loads(call("search", word, "--json", "--kind", "transcript").output)
    assert told["items"][0]["kind"] == "transcript"
    assert "nothing found" in call("search", "xylophone").output
    assert call("search", "the", "--channel", "other").output == "nothing found\n"
    assert "the best 1" in call("search", "the", "--limit", "1").output
    wrong = call("search", "the", "--kind", "nothing")
    assert wrong.exit_code == 2 and "transcript or segment" in wrong.output


def test_the_command_shows_what_was_done(call, library, processed):
    done = call("analytics")
    assert done.exit_code == 0 and "rendered_clips" in done.output
    assert "success not known" in done.output
    library.engine.catalog.finish_video(
        processed.video_id, library.engine.catalog.video(processed.video_id).created_at
    )
    first = json.loads(call("analytics", "--json").output)
    assert (first["finished"], first["success_rate"]) == (1, 1.0)
    again = call("analytics", "--recompute", "--json")
    assert "counted anew" in again.output
    assert json.loads(again.output[again.output.index("{") :]) == first
    assert call("analytics", "--from", "2020-01-02", "--to", "2020-01-01").exit_code == 2
    nothing = json.loads(call("analytics", "--channel", "other", "--json").output)
    assert nothing["days"] == []


def test_a_clip_and_an_export_are_named_by_rank_or_id(library, processed):
    outputs = library.outputs
    first = outputs.clips(channels={"default"}).items[0]
    assert outputs.clip_id(processed.video_id, "1") == first.clip_id
    assert outputs.clip_id(processed.video_id, first.clip_id) == first.clip_id
    with pytest.raises(UnknownClip):
        outputs.clip_id(processed.video_id, "0")
    with pytest.raises(UnknownExport):
        outputs.export(processed.video_id, "1", "facebook")
    with pytest.raises(Refused, match="expires_s"):
        outputs.export(processed.video_id, "1", "tiktok", expires_s=0)


def test_texts_of_a_video_without_any_are_not_ready(library, processed):
    with pytest.raises(Refused, match="form"):
        library.transcript_text(processed.video_id, "docx")
    with pytest.raises(UnknownVideo):
        library.chapters_text("default--none-0123456789")
