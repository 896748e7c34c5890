"""The transcript that Premiere exports as a text file: times in frames, who speaks, the text."""

from pathlib import Path

import pytest

from vidpipe.errors import InputRejected
from vidpipe.intake.sidecars import beside, transcripts, unused
from vidpipe.transcript.subtitle_files import read_cues

# As its users show it: a line of times, a line with the speaker, the text over one line or more.
EXPORT = """00:00:03:20 - 00:00:07:10
Speaker 1
Good afternoon. We are on the record.

00:00:07:12 - 00:00:12:00
Anna Schmidt
Thank you. The first point
is the budget of the library.

00:00:12:04 - 00:00:14:23
Speaker 1
Please go on.
"""


@pytest.mark.parametrize("mark", [":", ";"])
def test_times_and_speakers_are_read(mark):
    text = EXPORT if mark == ":" else EXPORT.replace(":", ";")
    cues = read_cues(text.encode(), "talk.txt")
    assert [c.speaker for c in cues] == ["Speaker 1", "Anna Schmidt", "Speaker 1"]
    assert cues[0].start_s == pytest.approx(3 + 20 / 25) and cues[0].end_s == pytest.approx(7.4)
    assert cues[1].text == "Thank you. The first point is the budget of the library."
    assert all("Speaker" not in c.text for c in cues)


def test_one_passage_is_enough_to_tell_who_speaks():
    cues = read_cues(EXPORT.split("\n\n")[1].encode(), "talk.txt")
    assert [(c.speaker, c.text[:9]) for c in cues] == [("Anna Schmidt", "Thank you")]


def test_a_speaker_that_premiere_does_not_know_is_not_the_one_before():
    cues = read_cues(EXPORT.replace("Speaker 1", "Unknown").encode(), "talk.txt")
    assert [c.speaker for c in cues] == ["Unknown", "Anna Schmidt", "Unknown"]


def test_subtitles_that_are_called_txt_have_no_line_for_the_speaker():
    srt = "1\n00:00:01,000 --> 00:00:03,000\nHello everybody\nand welcome.\n"
    (cue,) = read_cues(srt.encode(), "talk.txt")
    assert cue.text == "Hello everybody and welcome." and cue.speaker == ""


@pytest.mark.parametrize(
    "text",
    ["0:00 Intro\n5:30 The budget\n", "Anna 0:03\nGood afternoon.\n", "Good afternoon.\n"],
    ids=["chapters", "a meeting", "no times"],
)
def test_other_texts_are_no_transcripts(text):
    with pytest.raises(InputRejected, match="Premiere"):
        read_cues(text.encode(), "talk.txt")


def test_it_is_found_beside_the_recording_and_comes_last(tmp_path: Path):
    for name in ("talk.mp4", "talk.txt", "talk.srt"):
        (tmp_path / name).write_bytes(b"x")
    found = beside(tmp_path / "talk.mp4")
    assert transcripts(found) == [".srt", ".txt"]
    assert unused(tmp_path / "talk.mp4") == []
