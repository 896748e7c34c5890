"""Faces over time: no holes, no strays, each person a track of their own."""

import numpy as np
import pytest

from vidpipe.framing.follow import follow
from vidpipe.framing.model import FramingOptions
from vidpipe.framing.speakers import turns, who_speaks
from vidpipe.framing.track import main_face, track_faces
from vidpipe.geometry import Rect
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.testmedia.composite import make_conversation
from vidpipe.timeline import span


class Blinded:
    """A detector that sees nothing during some of its looks."""

    identity = "blinded"

    def __init__(self, faces, blind):
        self.faces, self.blind, self.looks = faces, blind, 0

    def detect(self, image, expected_height=0.0):
        self.looks += 1
        return [] if self.looks in self.blind else self.faces.detect(image, expected_height)


@pytest.fixture(scope="module")
def conversation(tmp_path_factory):
    path = tmp_path_factory.mktemp("framing") / "two.mp4"
    truth = make_conversation(path, [(0.0, 0), (6.0, 1), (13.0, 0)], length_s=18.0)
    return path, truth


@pytest.fixture
def reader(conversation):
    with FrameReader(conversation[0], probe(conversation[0]), max_width=1280) as reader:
        yield reader


def whole(reader):
    return Rect(x=0, y=0, width=reader.video.width, height=reader.video.height)


def test_each_person_is_a_track_without_holes(reader, conversation, faces):
    truth = conversation[1]
    tracks = track_faces(
        reader, faces, whole(reader), span(0, 18), [], FramingOptions(faces_per_s=2)
    )
    assert len(tracks) == 2
    for track in tracks:
        times = [p.t_s for p in track.points]
        assert times[0] < 1.0 and times[-1] > 16.5
        assert np.diff(times).max() < 0.6
    middles = sorted(np.median([p.x for p in t.points]) for t in tracks)
    for found, (x, _, width, _) in zip(middles, truth.cameras, strict=True):
        assert abs(found - (x + width / 2)) < 0.1 * width


def test_a_face_that_is_not_seen_for_a_while_is_followed(reader, conversation, faces):
    x, y, w, h = conversation[1].cameras[0]
    left = Rect(x=x, y=y, width=w, height=h)
    seen = main_face(track_faces(reader, faces, left, span(0, 12), [], FramingOptions()))
    detector = Blinded(faces, blind=range(8, 14))
    found = track_faces(reader, detector, left, span(0, 12), [], FramingOptions())
    assert len(found) == 1
    points = found[0].points
    followed = [p for p in points if not p.seen]
    assert len(followed) == 6
    at = [p.t_s for p in seen]
    for point in followed:
        assert abs(point.x - np.interp(point.t_s, at, [p.x for p in seen])) < 0.15 * point.height


def test_a_face_that_is_gone_ends_its_track(reader, conversation, faces):
    x, y, w, h = conversation[1].cameras[0]
    detector = Blinded(faces, blind=range(10, 99))
    left = Rect(x=x, y=y, width=w, height=h)
    (track,) = track_faces(reader, detector, left, span(0, 18), [], FramingOptions())
    assert track.end_s < 5.0 and all(p.seen for p in track.points)


def test_who_speaks_is_seen_from_the_mouths(reader, faces):
    options = FramingOptions()
    tracks = track_faces(reader, faces, whole(reader), span(0, 18), [], options)
    tracks.sort(key=lambda t: t.points[0].x)
    speech = [span(0.3, 18.0)]
    speaking = who_speaks(reader, tracks, speech, span(0, 18), options)
    rows, times = np.array(speaking.probabilities), np.array(speaking.times_s)
    truth = np.where((times >= 6) & (times < 13), 1, 0)
    inner = (times > 1) & (np.abs(times - 6) > 1) & (np.abs(times - 13) > 1)
    assert (rows.argmax(axis=0)[inner] == truth[inner]).mean() > 0.95
    assert (rows[:, times < 0.25] == 0).all()
    assert [who for _, who in turns(speaking, span(0, 18), options)] == [0, 1, 0]


def test_the_picture_follows_who_speaks(reader, conversation, faces):
    points, anew = follow(
        reader, faces, whole(reader), span(0, 18), [], [span(0, 18)], FramingOptions()
    )
    assert anew == pytest.approx([6.0, 13.0], abs=0.8)
    half = reader.video.width / 2
    for point in points:
        if all(abs(point.t_s - a) > 1 for a in (6.0, 13.0)):
            assert (point.x > half) == (6.0 < point.t_s < 13.0)
