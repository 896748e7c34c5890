"""What a sidecar says of clips and words becomes a version of the document."""

import pytest

from vidpipe.edits.model import EditDocument
from vidpipe.errors import InputRejected
from vidpipe.intake.model import Instructions, Sidecar
from vidpipe.intake.sidecars import checked_instructions
from vidpipe_tests.conftest import instructed, make_engine, take

SAID = """
title: A talk
clip_edits:
  - {clip: intro, added: true, start_s: 2, end_s: 9, title: Mine}
words:
  - {start_s: 3.0, was: teh, text: the}
"""


def test_instructions_without_edits_are_written_as_if_there_were_none():
    assert {"words", "clip_edits"}.isdisjoint(Instructions().model_dump())
    told = {"clip_edits": [{"clip": "a", "title": "x"}]}
    assert "clip_edits" in Instructions.model_validate(told).model_dump(mode="json")


def test_a_sidecar_is_saved_once_and_what_people_decide_since_stands(talk, tmp_path):
    engine = make_engine(tmp_path / "home")
    with instructed(talk, SAID):
        video_id = take(engine, talk.path).video_id
    row = engine.catalog.edits.current(video_id)
    assert (row.version, row.source, row.created_by) == (1, "sidecar", "sidecar")
    document = engine.edits(video_id)
    assert document.of("intro").title == "Mine" and document.words[0].text == "the"
    # Stages read no more of it than before: it is no input of theirs.
    stored = engine.artifacts.document(engine.manifest(video_id, "sidecar"), Sidecar)
    assert stored.instructions == Instructions(title="A talk")
    mine = document.with_clip(document.of("intro").model_copy(update={"title": "Other"}))
    assert engine.catalog.edits.add(
        video_id, mine.as_json(), after=1, channel="default", source="api", created_by="me"
    )
    with instructed(talk, SAID.replace("A talk", "Another")):
        assert take(engine, talk.path).sidecar_changed
    assert engine.edits(video_id).of("intro").title == "Other"
    with instructed(talk, SAID.replace("Mine", "Theirs")):
        take(engine, talk.path)
    assert engine.edits(video_id).of("intro").title == "Theirs"
    assert engine.catalog.edits.current(video_id).version == 3


def test_a_field_of_the_document_stands_in_place_of_the_sidecars(talk, tmp_path):
    engine = make_engine(tmp_path / "home")
    with instructed(talk, "skip: [{start_s: 0, end_s: 1}]\ntemplate: duo"):
        video_id = take(engine, talk.path).video_id
    assert engine.order(video_id).instructions.template == "duo"
    decided = EditDocument(template="pop", keep=())
    engine.catalog.edits.add(
        video_id, decided.as_json(), after=0, channel="default", source="api", created_by="me"
    )
    said = engine.order(video_id).instructions
    assert (said.template, len(said.skip), said.keep) == ("pop", 1, ())


def test_a_template_that_there_is_not_is_named():
    told = {"clip_edits": [{"clip": "a", "template": "baroque"}]}
    with pytest.raises(InputRejected, match="template: unknown baroque"):
        checked_instructions(told, "talk.yaml", (), ("pop",))
