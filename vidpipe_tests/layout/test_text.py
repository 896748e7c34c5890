"""Slides are read where RapidOCR is installed: titles, lines, boxes; templates are left out."""

import pytest

from vidpipe.errors import Misconfigured
from vidpipe.geometry import Rect
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import LayoutOptions, SlideReading
from vidpipe.layout.text import reads_slides, with_text
from vidpipe.media.faces import DlibFaces
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe

pytestmark = pytest.mark.usefixtures("looked_at_anew")
OPTIONS = LayoutOptions()


def read(path):
    info = probe(path)
    layout = detect_layout(path, info, DlibFaces(), OPTIONS)
    with FrameReader(path, info, max_width=1280) as reader:
        return with_text(layout, reader, OPTIONS)


def test_the_titles_of_a_talk_are_read(talk):
    pytest.importorskip("rapidocr")
    layout = read(talk.path)
    assert [s.title.lower() for s in layout.slides] == [
        title.lower() for *_, title in talk.truth.slides
    ]
    frame = Rect(x=0, y=0, width=layout.width, height=layout.height)
    for line in (line for s in layout.slides for line in s.lines):
        assert line.rect.intersect(frame) == line.rect
        assert 0.6 <= line.confidence <= 1.0


def test_titles_of_a_real_lecture(real_media):
    pytest.importorskip("rapidocr")
    layout = read(real_media("screencast/bbb_2364_deskshare_slides_114s.flv"))
    titles = [s.title for s in layout.slides]
    assert any("Examples of complementors not being" in t for t in titles)
    assert not any(t == "ecosystem" for t in titles)


def test_without_rapidocr_nothing_is_read_and_asking_for_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not reads_slides(OPTIONS)
    assert not reads_slides(LayoutOptions(read_slides=SlideReading.NEVER))
    with pytest.raises(Misconfigured, match=r"vidpipe\[ocr\]"):
        reads_slides(LayoutOptions(read_slides=SlideReading.ALWAYS))
