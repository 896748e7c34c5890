"""`topics`: what is talked about, and how much each sentence matters."""

from __future__ import annotations

from typing import Any

import numpy as np

from vidpipe.content.analyse import analyse
from vidpipe.content.chapters import chapters_text
from vidpipe.content.model import Content, TopicOptions
from vidpipe.content.vectors import SentenceModel, sentence_model
from vidpipe.layout.model import Layout
from vidpipe.pipeline.inputs import samples_of
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.stage import Stage
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.silence.activity import HOP_S
from vidpipe.silence.model import SpeechMap
from vidpipe.storage import tables
from vidpipe.storage.keys import Folder
from vidpipe.transcript.model import Transcript


def options(order: Order) -> TopicOptions:
    """What makes a sentence matter."""
    return order.settings.content


def prepare(_: Order, run: StageRun[TopicOptions]) -> SentenceModel | None:
    """The sentence model, if there is one."""
    model, _why = sentence_model(run.options.sentence_model, run.context.models)
    return model


def identity(_: StageRun[TopicOptions], model: SentenceModel | None) -> dict[str, Any]:
    """The sentence model."""
    return {"sentence_model": model.identity if model else None}


def run_topics(run: StageRun[TopicOptions], model: SentenceModel | None) -> Content:
    """Topics and importance, a table of the units, the chapters as text."""
    speech_manifest = run.inputs["silence_regions"]
    if speech_manifest.has("levels.parquet"):
        level = tables.read_column(run.path("silence_regions", "levels.parquet"), "level_db")
    else:
        level = np.zeros(0, np.float32)
    found = analyse(
        run.document("transcript", Transcript),
        run.document("silence_regions", SpeechMap),
        level,
        HOP_S,
        run.document("layout", Layout),
        run.options,
        samples_of(run),
        model,
    )
    topic_of = {k: i for i, t in enumerate(found.topics) for k in range(t.first_unit, t.last_unit)}
    rows = [
        {
            "start_s": u.start_s,
            "end_s": u.end_s,
            "text": u.text,
            "topic": topic_of[k],
            "importance": u.importance,
            "signs": list(u.signs.items()),
        }
        for k, u in enumerate(found.units)
    ]
    tables.write_rows(run.new_file("units.parquet"), tables.UNITS, rows)
    chapters = chapters_text(found.topics, run.document("layout", Layout).duration_s)
    if chapters:
        run.new_file("chapters.txt").write_text(chapters, "utf-8")
    return found


TOPICS = Stage(
    name="topics",
    version="6",
    folder=Folder.ANALYSIS,
    inputs=("transcript", "silence_regions", "layout", "audio"),
    document=Content,
    options=options,
    run=run_topics,
    prepare=prepare,
    identity=identity,
)
