"""A pipeline is data: another one runs in the same engine, and each is whole."""

import dataclasses
import importlib
import pkgutil

import pytest
from pydantic import BaseModel

from vidpipe.catalog.catalog import Rows
from vidpipe.catalog.tables import ClipRow
from vidpipe.pipeline import TALKS, Engine, Pipeline, Stage, steps
from vidpipe.pipeline.pipeline import PerPlatform
from vidpipe.pipeline.planning import StageVerdict, plan
from vidpipe.pipeline.stage import no_options
from vidpipe.platforms import load_presets
from vidpipe.storage.keys import Folder
from vidpipe_tests.conftest import make_engine, take


class Letters(BaseModel):
    """How many letters a name has, and where each lies."""

    count: int
    each: tuple["Letter", ...] = ()


class Letter(BaseModel):
    artifact: str
    fingerprint: str


class Wanted(BaseModel):
    clips: int


class Doubled(BaseModel):
    by: int
    text: str


def counted(run, _):
    _, upload = run.source()
    run.new_file("name.txt").write_text(upload.name)
    each = []
    for letter in sorted(set(upload.name[:4])):

        def make(work, letter=letter):
            (work / "letter.txt").write_text(letter)
            return {"letter.txt": work / "letter.txt"}, Wanted(clips=1)

        made, _ = run.item(Folder.ANALYSIS, f"letter-{letter}", {"letter": letter}, make)
        each.append(Letter(artifact=f"letter-{letter}", fingerprint=made.fingerprint))
    return Letters(count=len(upload.name), each=tuple(each))


def rows(video_id, document):
    row = ClipRow(
        clip_id=str(document.by),
        video_id=video_id,
        rank=1,
        title=document.text,
        score=1.0,
        start_s=0,
        end_s=1,
        duration_s=1,
        compositions=[],
    )
    return Rows(ClipRow, {"video_id": video_id}, [row])


COUNTED = Stage(
    name="letters",
    version="1",
    folder=Folder.ANALYSIS,
    inputs=("upload",),
    document=Letters,
    options=no_options,
    run=counted,
    items=lambda document: document.each,
)
DOUBLED = Stage(
    name="doubled",
    version="1",
    folder=Folder.CLIPS,
    inputs=("letters",),
    document=Doubled,
    options=lambda order: Wanted(clips=order.clip_count),
    prepare=lambda order, run: run.document("letters", Letters).count,
    identity=lambda run, letters: {"letters": letters},
    run=lambda run, letters: Doubled(
        by=run.options.clips * letters, text=run.path("letters", "name.txt").read_text()
    ),
    rows=rows,
)
TOY = Pipeline(stages=(COUNTED, DOUBLED))


@pytest.fixture
def toy(talk, tmp_path):
    """An engine with two stages of its own, and a recording that it took in."""
    engine = Engine(make_engine(tmp_path / "home").settings, pipeline=TOY)
    return engine, take(engine, talk.path).video_id


def run_both(engine, video_id):
    order = engine.order(video_id)
    return [
        engine.run_stage(name, video_id, order)
        for name in engine.pipeline.names(order.wanted_platforms)
    ]


def test_another_pipeline_runs_in_the_same_engine(toy, talk):
    engine, video_id = toy
    letters, doubled = run_both(engine, video_id)
    assert letters.document.count == len(talk.path.name) and letters.items_made == 4
    assert doubled.document == Doubled(by=2 * letters.document.count, text=talk.path.name)
    # What both rest on is in the fingerprint, by the name of where it came from.
    assert doubled.manifest.cache_key_inputs == {
        "stage": "doubled",
        "version": "1",
        "options": {"clips": 2},
        "identity": {"letters": letters.document.count},
        "inputs": {"letters": letters.manifest.content_digest},
        "upload": engine.manifest(video_id, "upload").fingerprint,
    }
    # The catalog has the rows that the stage gives.
    assert [r.title for r in engine.catalog.clips(video_id)] == [talk.path.name]
    assert {s.stage for s in engine.catalog.stages(video_id)} == {"letters", "doubled"}
    assert all(result.reused for result in run_both(engine, video_id))
    with pytest.raises(KeyError, match="layout"):
        engine.manifest(video_id, "layout")


def test_a_part_that_is_gone_is_made_again_and_the_plan_says_so(toy):
    engine, video_id = toy
    letters, _ = run_both(engine, video_id)
    assert not plan(engine, video_id).stale
    part = next(engine.items(letters.manifest, COUNTED))
    engine.store.delete(part.file("letter.txt").key)
    assert [s.verdict for s in plan(engine, video_id).steps] == [
        StageVerdict.LOST,
        StageVerdict.DOWNSTREAM,
    ]
    again, doubled = run_both(engine, video_id)
    assert (again.items_made, again.items_reused) == (1, 3)
    # It came out the same, so what follows is found.
    assert doubled.reused and not plan(engine, video_id).stale


def test_a_version_that_is_raised_is_another_fingerprint(toy):
    engine, video_id = toy
    run_both(engine, video_id)
    engine.pipeline = engine.pipeline.with_stage(dataclasses.replace(DOUBLED, version="2"))
    assert plan(engine, video_id).reasons == ("doubled: version: 1 -> 2",)
    assert [result.reused for result in run_both(engine, video_id)] == [True, False]


def test_a_pipeline_whose_stages_read_what_is_not_made_before_is_none():
    with pytest.raises(ValueError, match=r"doubled reads \['letters'\]"):
        Pipeline(stages=(DOUBLED, COUNTED))
    with pytest.raises(ValueError, match="stands for two"):
        Pipeline(stages=(COUNTED, COUNTED))


def test_stages_of_platforms_come_last_and_are_one_kind():
    post = PerPlatform("post", lambda p: dataclasses.replace(COUNTED, name=f"post/{p}"))
    several = Pipeline(stages=(COUNTED,), per_platform=(post,))
    assert several.names(("a", "b")) == ["letters", "post/a", "post/b"]
    assert several.kinds == ("letters", "post")
    assert several.kind("post/b") == "post" and several.kind("letters") == "letters"
    assert several.stage("post/b").name == "post/b"
    for name in ("post", "post/", "nothing/a"):
        assert several.find(name) is None
    with pytest.raises(KeyError):
        several.with_stage(several.stage("post/a"))


def test_every_stage_of_talks_is_a_module_of_its_own():
    """Name, version, options, identity and run stand together."""
    modules = [
        importlib.import_module(f"{steps.__name__}.{found.name}")
        for found in pkgutil.iter_modules(steps.__path__)
    ]
    stages = [*TALKS.stages, *(several.of("tiktok") for several in TALKS.per_platform)]
    assert {s.run.__module__ for s in stages} == {m.__name__ for m in modules}
    assert len(modules) == len(stages)
    for item in stages:
        assert item.document.model_fields and item.version
        assert item.folder is TALKS.folder(item.name)


def test_clips_and_exports_say_what_they_name_and_what_is_queried(processed):
    clips, exports = (processed.document(n) for n in ("rendered_clips", "platform_exports/tiktok"))
    of_clips, of_exports = TALKS.stage("rendered_clips"), TALKS.stage("platform_exports/tiktok")
    assert [i.artifact for i in of_clips.items(clips)] == [
        f.artifact for c in clips.clips for f in c.files
    ]
    assert [i.artifact for i in of_exports.items(exports)] == [e.artifact for e in exports.exports]
    assert [r.clip_id for r in of_clips.rows("v", clips).rows] == [c.clip_id for c in clips.clips]
    assert of_exports.rows("v", exports).of == {"video_id": "v", "platform": "tiktok"}
    for name in TALKS.names(tuple(load_presets())):
        stage = TALKS.stage(name)
        if stage.folder not in (Folder.CLIPS, Folder.EXPORTS):
            assert list(stage.items(processed.document(name))) == []
