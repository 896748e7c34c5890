"""A presenter and a presentation that were recorded apart."""

import cv2
import ffmpeg
import numpy as np
import pytest

from vidpipe.edits.passages import GivenLayout
from vidpipe.media.examine import examine
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.playing import coloured, steady
from vidpipe.media.probe import probe
from vidpipe.pipeline.steps.layout import _recorded_apart
from vidpipe_tests.conftest import make_engine, run_all, take
from vidpipe_tests.media.coding import made

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "20"]
#: What moves all the time, and what stands still but for the talk's own inset.
CAMERA = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=31"]


@pytest.fixture(scope="module")
def apart(talk, tmp_path_factory):
    """The talk's page without its inset, and a moving picture before it, with the talk's sound."""
    folder = tmp_path_factory.mktemp("apart")

    def of(name, *titles):
        path = folder / name
        page = "[1:v]drawbox=x=440:y=240:w=200:h=120:color=white:t=fill[page]"
        made(
            path,
            *(*CAMERA, "-i", str(talk.path), "-filter_complex", page),
            *("-map", "0:v", "-map", "[page]", "-map", "1:a", "-c:a", "aac", *X264),
            *(o for k, t in enumerate(titles) for o in (f"-metadata:s:v:{k}", f"title={t}")),
        )
        path.with_suffix(".srt").write_text(talk.path.with_suffix(".srt").read_text())
        return path

    return of


@pytest.mark.parametrize("titles", [(), ("Presenter", "Presentation")], ids=["moves", "named"])
def test_both_are_laid_beside_each_other_and_seen_alike(apart, tmp_path, titles):
    path = apart(f"{len(titles)}.mkv", *titles)
    info, notes = examine(path, probe(path))
    assert "two pictures: the presentation and the presenter, both shown" in notes
    page, camera = info.video.pieces
    assert (page.role, page.rect.width, page.rect.height) == ("page", 640, 360)
    assert (camera.role, camera.rect.width, camera.rect.height) == ("camera", 320, 180)
    assert _recorded_apart(info) == (GivenLayout(screen=page.rect, camera=camera.rect),)
    shown = tmp_path / "shown.png"
    stream, before = steady(path, info, 25, 2, tmp_path / "piece.cube", first=500)
    stream = coloured(stream.filter("select", f"gte(n,{before})"), info, tmp_path / "k.cube")
    render(ffmpeg.output(stream, str(shown), **{"frames:v": 1}), timeout_s=60)
    drawn = cv2.imread(str(shown)).astype(int)
    with FrameReader(path, info, max_width=2000) as reader:
        frame = reader.at(20.0)
        assert frame.image.shape == drawn.shape == (360, camera.rect.right, 3)
        for piece in (page, camera):
            r = piece.rect
            inside = (slice(r.y + 2, r.bottom - 2), slice(r.x + 2, r.right - 2))
            assert np.abs(frame.image[inside].astype(int) - drawn[inside]).mean() < 5
        later = list(reader.every(1.0, 18.0, 21.0, roughly=True))
        assert [round(f.t_s) for f in later] == [18, 19, 20]
        assert np.abs(later[2].grey.astype(int) - frame.grey).mean() < 3


def test_clips_show_the_page_above_the_presenter(apart, tmp_path):
    engine = make_engine(tmp_path / "home")
    outcome = take(engine, apart("whole.mkv", "Presenter", "Presentation"))
    ran = run_all(engine, outcome.video_id, clips=1, platforms=("tiktok",))
    done = {r.stage: r.document for r in ran}
    assert done["source_video"].notes
    (stretch,) = done["layout"].stretches
    assert [r.role.value for r in stretch.regions] == ["screen", "camera"]
    assert [r.rect.width for r in stretch.regions] == [640, 320]
    assert len(done["layout"].slides) == 2
    assert [p.composition.value for p in done["rendered_clips"].clips[0].parts] == ["stack"]


def test_two_pictures_that_are_no_pair_stay_apart(tmp_path):
    """Two cameras: neither is a page, and nobody said so."""
    path = tmp_path / "cameras.mkv"
    other = ["-f", "lavfi", "-i", "mandelbrot=s=320x180:r=10"]
    made(path, *CAMERA, *other, "-t", "6", "-map", "0:v", "-map", "1:v", *X264)
    info, notes = examine(path, probe(path))
    assert info.video.pieces == () and notes == ("not used: a second picture (320x180)",)
