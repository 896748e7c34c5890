"""What a job costs is told anew once its passages are chosen, beside what was said before."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vidpipe.catalog.tables import Video
from vidpipe.costs.accountant import Account
from vidpipe.edits.model import ClipEdit, EditDocument
from vidpipe.library import JobSpec, Library
from vidpipe.observability.context import bound
from vidpipe.pipeline import Engine
from vidpipe.pipeline.metering import Meter
from vidpipe.pipeline.scored import SCORING, scored_passages
from vidpipe.segments.model import Segments
from vidpipe.settings import load_settings
from vidpipe.spending import CPU_SECONDS

CLIPS, EXPORT = "rendered_clips", "platform_exports/tiktok"
#: Seconds of processors for each second of passages.
RATE = {CLIPS: 2.0, EXPORT: 0.25, "platform_exports/youtube_shorts": 0.25}


def opened(home, database_url=None):
    settings = {"database_url": database_url} if database_url else {}
    return Library(Engine(load_settings(home=home, allow_model_download=False, **settings)))


@pytest.fixture(params=["sqlite", "postgres"])
def scene(request, analysed):
    """A library with one video that has no clips yet, its job, and ten that were made before."""
    engine, video_id = analysed()
    url = None
    if request.param == "postgres":
        url = request.getfixturevalue("fresh_postgres_url")()
    library = opened(engine.settings.home, url)
    video = engine.catalog.video(video_id)
    if url:
        names = Video.__table__.columns.keys()
        library.engine.catalog.accept_video(Video(**{n: getattr(video, n) for n in names}))
    for number in range(10):
        book(library.engine, video, number, 10.0 + 5 * number)
    job = library.jobs.create([JobSpec(video_id=video_id)], asked_by="somebody")[0]
    yield library, video_id, job.job_id, url
    library.engine.catalog.engine.dispose()
    engine.catalog.engine.dispose()


def book(engine, like, number, passage_s):
    """Books what clips of another recording took."""
    other = Video(
        video_id=f"default--other-{number:010d}", channel="default", sha256=f"{number:064d}",
        name="other.mp4", title="other", size_bytes=10, duration_s=like.duration_s,
        width=like.width, height=like.height, state="accepted",
    )  # fmt: skip
    engine.catalog.accept_video(other)
    for stage, rate in RATE.items():
        meter = Meter(engine.accountant.purse(Account("default", stage, other.video_id)))
        meter.purse.local({CPU_SECONDS: round(1000 * rate * passage_s)})
        meter.done(0, made=True, clip_s=26.0, passage_s=passage_s)


def score(library, video_id, job_id):
    """What the run of a job does at the stage that chooses passages."""
    order = library.engine.order(video_id)
    with bound(job_id=job_id, run_id="run-1"):
        return library.engine.run_stage(SCORING, video_id, order).document


def cpu_nanos(engine):
    [price] = [
        p.rates[CPU_SECONDS] for p in engine.accountant.prices.listed if p.service == "local"
    ]
    return float(price[0] / price[1]) * 1e9


def test_it_is_told_from_the_passages_and_stands_beside_the_first(scene):
    library, video_id, job_id, _ = scene
    engine = library.engine
    library.spending.estimate_jobs()
    [first] = library.jobs.get(job_id).estimates
    assert first.after is None and first.spent is None and first.passages is None
    meter = Meter(engine.accountant.purse(Account("default", "layout", video_id, job_id=job_id)))
    meter.purse.local({CPU_SECONDS: 7000})
    meter.done(0, made=True)
    chosen = score(library, video_id, job_id).segments
    renewed, still = library.jobs.get(job_id).estimates
    seconds = sum(segment.kept_s for segment in chosen)
    assert (still.estimate, still.at) == (first.estimate, first.at)
    assert (renewed.after, renewed.passages) == (SCORING, len(chosen)) and len(chosen) > 0
    assert renewed.passage_s == pytest.approx(seconds, abs=0.01)
    assert renewed.spent == renewed.actual > 0
    left = float(renewed.estimate - renewed.spent) * 1e9
    assert left == pytest.approx(1000 * sum(RATE.values()) * seconds * cpu_nanos(engine), rel=0.05)
    assert renewed.spent < renewed.low <= renewed.estimate <= renewed.high
    assert library.spending.of_video(video_id).estimates == (renewed, still)


def test_a_result_renews_an_estimate_once(scene):
    library, video_id, job_id, _ = scene
    library.spending.estimate_jobs()
    score(library, video_id, job_id)
    told = library.jobs.get(job_id).estimates
    assert len(told) == 2
    # Tried again after it failed later on: the same passages are found.
    score(library, video_id, job_id)
    assert library.spending.estimate_jobs() is False
    assert library.jobs.get(job_id).estimates == told


KILLED = """
import os, signal, sys
from vidpipe.observability.context import bound
from vidpipe.pipeline import Engine, renewal
from vidpipe.settings import load_settings
home, video_id, job_id, url = sys.argv[1:]
settings = {"database_url": url} if url else {}
engine = Engine(load_settings(home=home, allow_model_download=False, **settings))
order = engine.order(video_id)
renewal.renew_estimate = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
with bound(job_id=job_id, run_id="run-1"):
    engine.run_stage("scored_segments", video_id, order)
"""


def test_a_kill_between_scoring_and_renewal_loses_nothing(scene):
    library, video_id, job_id, url = scene
    library.spending.estimate_jobs()
    before = library.jobs.get(job_id).estimates
    home = str(library.engine.settings.home)
    worker = subprocess.run(
        [sys.executable, "-c", KILLED, home, video_id, job_id, url or ""],
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert worker.returncode == -signal.SIGKILL
    assert library.engine.manifest(video_id, SCORING) is not None
    assert library.jobs.get(job_id).estimates == before and len(before) == 1
    # The service does it instead; a run that goes on finds it done.
    library.spending.estimate_jobs()
    renewed, first = library.jobs.get(job_id).estimates
    assert first == before[0] and renewed.after == SCORING and renewed.passages
    score(library, video_id, job_id)
    assert len(library.jobs.get(job_id).estimates) == 2


def test_where_it_cannot_be_told_anew_the_run_goes_on(scene, monkeypatch, caplog):
    library, video_id, job_id, _ = scene

    def broken(*_):
        raise OSError("the catalog is away")

    monkeypatch.setattr(library.engine.accountant.estimates, "add", broken)
    assert score(library, video_id, job_id).segments
    assert "estimate_renew_failed" in caplog.text and "the catalog is away" in caplog.text
    assert library.jobs.get(job_id).estimates == ()


def test_passages_count_as_people_changed_them(analysed):
    engine, video_id = analysed()
    scored = engine.manifest(video_id, SCORING)
    first, *rest = engine.artifacts.document(scored, Segments).segments

    def told(*edits):
        found = scored_passages(engine.artifacts, scored, EditDocument(clip_edits=edits))
        return found.count, found.seconds

    kept_s = pytest.approx(sum(s.kept_s for s in (first, *rest)), abs=0.01)
    assert told() == (1 + len(rest), kept_s)
    moment = {"start_s": first.start_s, "end_s": first.end_s}
    dropped = ClipEdit(clip="a", moment=moment, kept=False)
    assert told(dropped) == (len(rest), pytest.approx(sum(s.kept_s for s in rest), abs=0.01))
    shorter = ClipEdit(clip="a", moment=moment, end_s=first.start_s + 6.5)
    others_s = sum(s.kept_s for s in rest)
    assert told(shorter) == (1 + len(rest), pytest.approx(6.5 + others_s, abs=0.01))
    assert scored_passages(engine.artifacts, None, EditDocument()) is None
