"""What other editors read, read by other people's readers."""

import csv
import io
import json
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest

from vidpipe.interchange.edl import edl, events, marker_csv, marker_edl
from vidpipe.interchange.fcp7 import fcp7_xml
from vidpipe.interchange.model import CutClip, CutList, timecode
from vidpipe.interchange.otio import otio_json
from vidpipe.timeline import FrameSpan

otio = pytest.importorskip("opentimelineio")

RATES = {
    "23.976": Fraction(24000, 1001),
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
}


def cuts(fps=RATES["29.97"], **more):
    told = {
        "name": "Größe & <Ziele>",
        "media": "/Aufnahmen/talk 1.mp4",
        "fps": fps,
        "frames": 200_000,
        "width": 1280,
        "height": 720,
        "has_sound": True,
        "clips": (
            CutClip(
                "a1b2",
                'A "quoted", title',
                (FrameSpan(first=1795, last=1900), FrameSpan(first=1910, last=2000)),
                "=what is said",
            ),
            CutClip("c3d4", "Second | one", (FrameSpan(first=107_890, last=107_995),)),
        ),
    }
    return CutList(**{**told, **more})


@pytest.mark.parametrize("name", RATES)
def test_timecodes_are_those_of_the_librarys_own_counter(name):
    fps = RATES[name]
    rate = otio.opentime.RationalTime(0, float(fps)).rate
    drop = name == "29.97"
    for frame in (0, 1, 1797, 1798, 1799, 1800, 1801, 17981, 17982, 17983, 107_892, 2_589_407):
        time = otio.opentime.RationalTime(frame, rate)
        assert timecode(frame, fps) == otio.opentime.to_timecode(time, rate, drop), frame


def test_dropped_numbers_keep_to_the_clock():
    # SMPTE ST 12-1: an hour of 29.97 frames a second is 107,892 frames.
    assert timecode(1800, RATES["29.97"]) == "00:01:00;02"
    assert timecode(17_982, RATES["29.97"]) == "00:10:00;00"
    assert timecode(107_892, RATES["29.97"]) == "01:00:00;00"


@pytest.mark.parametrize("name", RATES)
def test_an_edl_comes_back_frame_by_frame(name):
    fps = RATES[name]
    read = otio.adapters.read_from_string(edl(cuts(fps)), "cmx_3600", rate=float(fps))
    for track in read.tracks:
        found = [
            (int(c.source_range.start_time.value), int(c.source_range.duration.value))
            for c in track
        ]
        assert found == [(1795, 105), (1910, 90), (107_890, 105)]
    assert {t.kind for t in read.tracks} == {"Video", "Audio"}
    assert read.name == "Größe & <Ziele>"


def test_an_edl_of_sound_alone_has_no_picture():
    read = otio.adapters.read_from_string(
        edl(cuts(Fraction(25), width=0, height=0)), "cmx_3600", rate=25
    )
    assert {t.kind for t in read.tracks} == {"Audio"}


def test_an_edl_says_which_frames_it_counts():
    assert "FCM: DROP FRAME" in edl(cuts())
    assert "FCM: NON-DROP FRAME" in edl(cuts(Fraction(25)))
    assert events(cuts()) == 3


@pytest.mark.parametrize("name", RATES)
def test_final_cut_xml_comes_back_frame_by_frame(name):
    fps = RATES[name]
    read = otio.adapters.read_from_string(fcp7_xml(cuts(fps)), "fcp_xml")
    sequences = list(read)
    assert [s.name for s in sequences] == ['A "quoted", title', "Second | one"]
    spans = [
        [
            (round(c.source_range.start_time.value), round(c.source_range.duration.value))
            for c in track
        ]
        for track in sequences[0].tracks
    ]
    assert spans == [[(1795, 105), (1910, 90)]] * 2
    (clip, _) = sequences[0].tracks[0]
    assert clip.media_reference.target_url == "file://localhost/Aufnahmen/talk%201.mp4"
    assert clip.source_range.start_time.rate == pytest.approx(float(fps))


@pytest.mark.parametrize("name", RATES)
def test_otio_comes_back_as_it_was_and_passes_into_an_edl(name):
    fps = RATES[name]
    read = otio.adapters.read_from_string(otio_json(cuts(fps)), "otio_json")
    first = read[0]
    assert first.metadata["vidpipe"]["clip"] == "a1b2"
    assert [int(c.source_range.duration.value) for c in first.tracks[0]] == [105, 90]
    assert first.tracks[0].markers[0].metadata["vidpipe"]["note"] == "=what is said"
    assert first.duration() == otio.opentime.RationalTime(195, float(fps))
    # What the library writes of it, its reader reads.
    picture = otio.schema.Timeline(name=first.name)
    picture.tracks.append(first.tracks[0].deepcopy())
    text = otio.adapters.write_to_string(picture, "cmx_3600", rate=float(fps))
    assert timecode(1795, fps) in text


def test_addresses_stay_addresses():
    told = json.loads(otio_json(cuts(media="https://x.test/talk.mp4")))
    assert "https://x.test/talk.mp4" in json.dumps(told)


def test_markers_as_a_table_start_no_formula():
    rows = list(csv.DictReader(io.StringIO(marker_csv(cuts()))))
    assert rows[0]["Name"] == 'A "quoted", title'
    assert rows[0]["Start TC"] == timecode(1795, RATES["29.97"])
    assert rows[0]["Duration TC"] == timecode(205, RATES["29.97"])
    assert rows[0]["Notes"] == "'=what is said"


def test_markers_as_resolve_reads_them():
    read = otio.adapters.read_from_string(marker_edl(cuts(Fraction(25))), "cmx_3600", rate=25)
    assert [int(c.source_range.start_time.value) for c in read.find_clips()] == [1795, 107_890]
    assert ' |C:ResolveColorBlue |M:A "quoted", title |D:205' in marker_edl(cuts())
    assert "|M:Second / one |" in marker_edl(cuts())


def test_final_cut_xml_is_xml_whatever_a_name_holds():
    odd = "a\x00\x0b\ufffe\uffff\ud800b\r\n\U0001f600"
    told = ET.fromstring(
        fcp7_xml(cuts(name=odd, media=f"/{odd}.mp4")).partition("<!DOCTYPE xmeml>")[2]
    )
    assert told.find("project/name").text.replace("\r", "") == "ab\n\U0001f600"
