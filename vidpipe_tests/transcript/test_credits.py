"""Lines that a service or a translator has written into a subtitle file are not said."""

import pytest

from vidpipe.transcript.subtitle_files import read_cues
from vidpipe_tests.transcript.shared import srt

TALK = [f"This is sentence number {k} of it." for k in range(8)]

SERVICES = [
    "(Transcribed by TurboScribe.ai. Go Unlimited to remove this message.)",
    "(This file is longer than 30 minutes. Go Unlimited at TurboScribe.ai to transcribe files.)",
    "Transcribed by https://otter.ai",
    "[Automatically transcribed by Example Notes - www.example.com]",
    "Support us and become VIP member\nto remove all ads from www.OpenSubtitles.org",
    "Advertise your product or brand here\ncontact www.OpenSubtitles.org today",
    "Subtitles by the Amara.org community",
    "Sync & corrections by someone\n<b>www.addic7ed.com</b>",
    "Untertitelung des ZDF, 2020",
    "Sous-titrage Société Radio-Canada",
]
AT_THE_ENDS = [
    "Subtitles: A. Example",
    "Captioned by Example Media",
    "Translation by Anna Example",
    "Legendas: fulano",
    "字幕：某某",
]
SAID = [
    "Subtitles by default are hidden.",
    "Transcribed by hand, this took a week.",
    "You will find it at www.example.com.",
    "I uploaded it to otter.ai and waited.",
    "Captions from the first take were better than these.",
    "Translation from one language to the other is hard.",
]


@pytest.mark.parametrize("line", SERVICES)
@pytest.mark.parametrize("at", [0, 4, 8])
def test_what_a_service_writes_is_left_out(line, at):
    data = srt(*TALK[:at], line, *TALK[at:])
    assert [c.text for c in read_cues(data, "talk.srt")] == TALK


@pytest.mark.parametrize("line", AT_THE_ENDS)
def test_who_made_the_subtitles_is_left_out_at_the_ends(line):
    for texts in ([line, *TALK], [*TALK, line]):
        assert [c.text for c in read_cues(srt(*texts), "talk.srt")] == TALK


@pytest.mark.parametrize("line", SAID)
@pytest.mark.parametrize("at", [0, 4, 8])
def test_what_a_speaker_says_of_subtitles_stays(line, at):
    texts = [*TALK[:at], line, *TALK[at:]]
    assert [c.text for c in read_cues(srt(*texts), "talk.srt")] == texts


def test_a_remark_beside_what_is_said_goes_alone():
    said = "Hello and welcome."
    data = srt(f"{SERVICES[0]} {said}", *TALK)
    assert [c.text for c in read_cues(data, "talk.srt")] == [said, *TALK]


def test_a_file_of_nothing_else_keeps_its_lines():
    assert len(read_cues(srt("Subtitles by Anna Example"), "talk.srt")) == 1
