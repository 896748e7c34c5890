"""`scored_segments`: the moments worth watching."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidpipe.content.model import Content
from vidpipe.intake.model import Sidecar
from vidpipe.language.phrases import cue_phrases
from vidpipe.layout.model import Layout
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.searchable import moments
from vidpipe.pipeline.stage import Stage
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.segments.borders.network import BorderNetwork, border_network
from vidpipe.segments.editor.editor import Editor
from vidpipe.segments.editor.questions import llm_identity
from vidpipe.segments.editor.server import Answer, Question, ask_server, purchase
from vidpipe.segments.model import LlmOptions, SegmentOptions, Segments, ShownTitle
from vidpipe.segments.select import select_segments
from vidpipe.silence.model import SpeechMap
from vidpipe.spending import payer
from vidpipe.storage import tables
from vidpipe.storage.fingerprint import fingerprint
from vidpipe.storage.keys import Folder
from vidpipe.transcript.model import Transcript


def options(order: Order) -> SegmentOptions:
    """The channel's limits and the sidecar's instructions."""
    limits = order.channel.clips
    min_s, max_s = order.clip_lengths_s
    return SegmentOptions(
        count=order.clip_count,
        asked=order.clips_asked,
        min_s=min_s,
        max_s=max_s,
        max_pause_s=limits.max_pause_s,
        pause_target_s=limits.pause_target_s,
        keep=order.instructions.keep,
        skip=order.instructions.skip,
    )


@dataclass(frozen=True)
class SegmentTools:
    """The language model that will be asked, if any, and what reads borders, if not a table."""

    llm: LlmOptions
    borders: BorderNetwork | None


def prepare(order: Order, run: StageRun[SegmentOptions]) -> SegmentTools:
    """Who chooses: a language model where one is set, a network where the language has one."""
    network = None
    transcript = run.document("transcript", Transcript)
    if order.settings.segments.border_network and transcript.words and not transcript.draft:
        language = cue_phrases(transcript.language).language
        network, _why = border_network(language, run.context.models)
    return SegmentTools(order.settings.llm, network)


def identity(_: StageRun[SegmentOptions], tools: SegmentTools) -> dict[str, Any]:
    """The same, for the fingerprint."""
    asked = llm_identity(tools.llm)
    found = {"llm": asked} if asked else {}
    return found | ({"borders": tools.borders.identity} if tools.borders else {})


def llm_ranking(document: Segments) -> bool:
    """Whether the language model said what it could: not where its server was away."""
    return document.llm is None or not document.llm.unavailable


def run_segments(run: StageRun[SegmentOptions], tools: SegmentTools) -> Segments:
    """The chosen segments, and a table of them."""
    instructions = run.document("sidecar", Sidecar).instructions
    _, upload = run.source()
    shown = run.document("layout", Layout)
    found = select_segments(
        run.document("topics", Content),
        run.document("transcript", Transcript),
        run.document("silence_regions", SpeechMap),
        run.options,
        shown.duration_s,
        instructions.title or upload.media.title or Path(upload.name).stem,
        _llm(run, tools.llm),
        [*(s.start_s for s in shown.slides[1:]), *shown.cuts_s],
        [
            ShownTitle(start_s=s.start_s, end_s=s.end_s, title=s.title)
            for s in shown.slides
            if s.title and s.end_s > s.start_s
        ],
        tools.borders,
    )
    columns = {f.name for f in tables.SEGMENTS}
    rows = [s.model_dump(include=columns) for s in found.segments]
    tables.write_rows(run.new_file("segments.parquet"), tables.SEGMENTS, rows)
    return found


def _llm(run: StageRun[SegmentOptions], options: LlmOptions) -> Editor | None:
    """The configured editor; its answers are kept, so that asking again costs nothing."""
    identity = llm_identity(options)
    if identity is None:
        return None

    def ask(question: Question) -> Answer:
        messages = list(question.messages)
        cache_key_inputs = {"server": identity["server"], "messages": messages}
        manifest, kept = run.item(
            Folder.ANALYSIS,
            f"editor-answer-{fingerprint(cache_key_inputs)[:12]}",
            cache_key_inputs,
            lambda _: ({}, ask_server(options, question)),
        )
        if kept:
            payer().cached(purchase(options, question))
        return run.artifacts.document(manifest, Answer).model_copy(update={"kept": kept})

    return Editor(options, ask)


SEGMENTS = Stage(
    name="scored_segments",
    version="13",
    folder=Folder.ANALYSIS,
    inputs=("topics", "transcript", "silence_regions", "layout", "sidecar"),
    document=Segments,
    options=options,
    run=run_segments,
    prepare=prepare,
    identity=identity,
    reads=("settings.llm", "settings.segments"),
    whole=llm_ranking,
    rows=moments,
)
