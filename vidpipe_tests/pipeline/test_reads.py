"""Nothing of settings, channel or sidecar changes a result without its fingerprint saying so.

What a stage reads is among its options, which are in the fingerprint whole, or is declared
(`Stage.reads`), and then its identity tells of it. One that reads one more field fails here.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from pydantic import BaseModel

from vidpipe.pipeline import TALKS, Engine, Order, Pipeline
from vidpipe.pipeline.pipeline import PerPlatform
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.stage import no_options
from vidpipe.pipeline.stage_run import Context
from vidpipe.settings import load_settings
from vidpipe_tests.conftest import CHANNELS, instructed, make_engine, take
from vidpipe_tests.pipeline.watched import paths_in, watched

SIDECAR = """
title: A talk about sound
keep: [{start_s: 1, end_s: 9, template: mine}]
"""
#: Everything that can hear, where no sidecar is asked.
HEARD = RunOptions(transcript="transformers,faster-whisper,api,pocketsphinx")
HEARS = {"transcript": {"recognisers": "pocketsphinx"}}
ASKED = {"llm": {"url": "http://x.test/v1", "model": "m"}}
DOING = ("prepare", "identity", "run")
STAGES = [TALKS.stage(name) for name in TALKS.names(("tiktok",))]


def channels(line: str) -> str:
    """One channel, with a template of its own."""
    line = line or "templates: {mine: {extends: pop}}"
    more = "" if line.startswith("templates") else "\n    templates: {mine: {extends: pop}}"
    return CHANNELS.replace("quality: draft", f"quality: draft\n    {line}{more}")


class Reads:
    """What each stage reads, by what it was doing."""

    def __init__(self) -> None:
        self.at: tuple[str, str] | None = None
        self.found: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.in_options: dict[str, set[str]] = defaultdict(set)

    def tell(self, path: str) -> None:
        if self.at is not None:
            self.found[self.at].add(path)

    def watch(self, order: Order) -> Order:
        return Order(
            *(watched(getattr(order, f.name), f.name, self.tell) for f in dataclasses.fields(Order))
        )

    def stage(self, stage):
        """The same stage; what it reads is found under its name."""

        def within(doing, work):
            def call(*args):
                self.at, before = (stage.name, doing), self.at
                try:
                    return work(*args)
                finally:
                    self.at = before

            return call

        def options(order):
            given = within("options", stage.options)(order)
            self.in_options[stage.name] |= set(paths_in(given))
            return given

        return dataclasses.replace(
            stage,
            options=options,
            prepare=within("prepare", stage.prepare),
            identity=within("identity", stage.identity),
            run=within("run", stage.run),
        )

    def pipeline(self, pipeline: Pipeline) -> Pipeline:
        def each(several):
            return PerPlatform(several.name, lambda platform: self.stage(several.of(platform)))

        return Pipeline(
            tuple(self.stage(stage) for stage in pipeline.stages),
            tuple(each(several) for several in pipeline.per_platform),
        )

    def undeclared(self, stage) -> set[str]:
        """Fields that a stage reads and that are neither options nor declared."""
        may = {*stage.reads, *self.in_options[stage.name]}
        read = {path for doing in DOING for path in self.found[stage.name, doing]}
        # What leads to a field that may be read is read with it.
        return {
            path
            for path in read
            if not any(_within(path, field) or _within(field, path) for field in may)
        }


def _within(path: str, field: str) -> bool:
    return f"{path}.".startswith(f"{field}.")


@dataclasses.dataclass
class Watching:
    reads: Reads
    home: Path
    video_id: str


@pytest.fixture(scope="module")
def watching(talk, tmp_path_factory):
    """What all stages read of a talk with a sidecar, and of one that is heard."""
    reads = Reads()
    home = tmp_path_factory.mktemp("reads") / "home"
    home.mkdir()
    (home / "channels.yaml").write_text(channels(""))
    engine = make_engine(home)
    engine.pipeline = reads.pipeline(TALKS)
    with instructed(talk, SIDECAR):
        video_id = take(engine, talk.path).video_id
    order = reads.watch(engine.order(video_id, RunOptions(platforms=("tiktok",))))
    for name in engine.pipeline.names(("tiktok",)):
        engine.run_stage(name, video_id, order)
    engine.run_stage("transcript", video_id, reads.watch(engine.order(video_id, HEARD)))
    engine.run_stage("transcript", video_id, engine.order(video_id))
    return Watching(reads, home, video_id)


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.name)
def test_a_stage_reads_only_what_its_fingerprint_tells_of(watching, stage):
    reads = watching.reads
    assert reads.found[stage.name, "options"] or stage.options is no_options
    assert reads.undeclared(stage) == set(), (
        f"{stage.name} reads more than its options and `reads`. What can change its result "
        "belongs into its options, or into its identity and `reads`"
    )


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.name)
def test_what_a_stage_declares_it_reads(watching, stage):
    read = {p for d in DOING for p in watching.reads.found[stage.name, d]}
    unread = {d for d in stage.reads if not any(_within(p, d) for p in read)}
    assert unread == set()


def test_options_are_in_the_fingerprint_whole(watching):
    """A field that is left out of it would be read without anybody knowing."""
    order = make_engine(watching.home).order(watching.video_id)
    for stage in STAGES:
        given = stage.options(order)
        left_out = set(type(given).model_fields) - set(given.model_dump(mode="json"))
        # Without any wording a transcript is asked for as before there was any.
        assert left_out == ({"wording"} if stage.name == "transcript" else set()), stage.name


def test_what_is_read_is_seen(watching):
    """The watching itself: fields deep in settings and channel, in options and in the work."""
    found = watching.reads.found
    assert "settings.transcript.chunk_s" in found["transcript", "options"]
    assert "settings.layout.max_samples" in found["layout", "run"]
    assert any(p.startswith("settings.framing.") for p in found["rendered_clips", "run"])
    assert "channel.captions.font_size" in found["rendered_clips", "options"]
    assert "instructions.title" in found["platform_exports/tiktok", "prepare"]


def test_a_context_has_nothing_that_changes_a_result():
    assert [f.name for f in dataclasses.fields(Context)] == ["models", "force"]


class Nothing(BaseModel):
    pass


@pytest.mark.parametrize(
    ("field", "prepare", "work"),
    [
        ("settings.drop_settle_s", lambda order: order.settings.drop_settle_s, len),
        ("channel.clips.max_s", lambda order: order.channel.clips.max_s, len),
        ("settings", lambda order: order.settings.model_dump(), len),
        ("run_options.clips", lambda order: order.clip_count, len),
        # Found out before, read in the work.
        ("instructions.title", lambda order: order, lambda order: order.instructions.title),
        ("settings.layout.max_samples", lambda o: o.settings.layout, lambda x: x.max_samples),
    ],
)
def test_one_more_field_is_noticed(watching, field, prepare, work):
    """This test can fail: a stage that reads something on the sly is found."""

    def run(_, prepared):
        if work is not len:
            work(prepared)
        return Nothing()

    stage = dataclasses.replace(
        TALKS.stage("audio"),
        prepare=lambda order, _: prepare(order),
        run=run,
        document=Nothing,
        version="sly",
    )
    engine, reads = make_engine(watching.home), Reads()
    engine.pipeline = TALKS.with_stage(reads.stage(stage))
    before = engine.manifest(watching.video_id, "audio")
    engine.run_stage(
        "audio",
        watching.video_id,
        reads.watch(engine.order(watching.video_id, RunOptions(force=True))),
    )
    engine.artifacts.point_to(stage.folder, before)
    assert field in reads.undeclared(stage)
    everything = tuple(f.name for f in dataclasses.fields(Order))
    assert reads.undeclared(dataclasses.replace(stage, reads=everything)) == set()


#: Of declared fields another value each: as settings, and as lines of the channel.
OTHERS = {
    "settings.transcript.recognisers": ("transcript", HEARS, ""),
    "settings.llm": (
        "scored_segments",
        {"llm": {"url": "http://x.test/v1", "model": "m"}},
        "",
    ),
    "settings.framing": ("rendered_clips", {"framing": {"lip_samples_per_s": 5.0}}, ""),
    "channel.brand": ("rendered_clips", {}, "brand: {intro: HOME/intro.mp4}"),
    "channel.captions": ("rendered_clips", {}, "captions: {font_file: HOME/letters.ttf}"),
    "channel.templates": ("rendered_clips", {}, "templates: {mine: {extends: one_word}}"),
}


@pytest.mark.parametrize("field", OTHERS)
def test_the_identity_tells_of_what_is_declared(watching, tmp_path, field):
    name, settings, line = OTHERS[field]
    home = tmp_path / "home"
    shutil.copytree(watching.home, home)
    (home / "intro.mp4").write_bytes(b"a film")
    (home / "letters.ttf").write_bytes(b"letters")
    (home / "channels.yaml").write_text(channels(line.replace("HOME", str(home))))
    engine = Engine(load_settings(home=home, allow_model_download=False, **settings))
    stage = TALKS.stage(name)
    assert field in stage.reads

    def identity(engine):
        order = engine.order(watching.video_id)
        run = engine.prepare(stage, watching.video_id, order, tmp_path)
        return stage.identity(run, stage.prepare(order, run))

    assert identity(engine) != identity(make_engine(watching.home))
