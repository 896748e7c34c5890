"""What a killed run has done is not done again, and nothing of it is left over."""

import pytest

from vidpipe.errors import Unavailable
from vidpipe.pipeline.steps import transcript
from vidpipe.transcript.model import Word
from vidpipe.transcript.recogniser import Recognised
from vidpipe_tests.conftest import take


class Reader:
    """Stands where a recogniser is; fails where it is told to."""

    name = "reader"
    identity = "reader-1"
    draft = False
    parallel = 1
    longest_s = 8.0
    cost_per_minute = 0.01

    def __init__(self, truth, fail_at=None):
        self.truth = truth
        self.fail_at = fail_at
        self.asked = []

    def recognise(self, passage, language):
        self.asked.append(passage.interval)
        if len(self.asked) == self.fail_at:
            raise Unavailable("the machine went away")
        at = passage.interval
        words = [
            Word(text=text, start_s=t, end_s=t + 0.1, confidence=0.8)
            for t, text in self.truth.words
            if at.start_s <= t < at.end_s
        ]
        return Recognised(words, "en")


def stored(engine):
    return sorted(p.name for p in engine.store.root.rglob("*transcript-chunk*") if p.is_file())


def test_a_killed_transcript_goes_on_where_it_was(engine, talk, monkeypatch):
    outcome = take(engine, talk.path, sidecars=False)
    order = engine.order(outcome.video_id)
    for name in ("source_video", "audio", "silence_regions"):
        engine.run_stage(name, outcome.video_id, order)
    first = Reader(talk.truth, fail_at=3)
    monkeypatch.setattr(transcript, "choose", lambda *_, **__: (first, []))
    with pytest.raises(Unavailable):
        engine.run_stage("transcript", outcome.video_id, order)
    assert stored(engine) and engine.manifest(outcome.video_id, "transcript") is None

    again = Reader(talk.truth)
    told = []
    monkeypatch.setattr(transcript, "choose", lambda *_, **__: (again, []))
    result = engine.run_stage(
        "transcript", outcome.video_id, order, lambda f, note: told.append(note)
    )
    assert again.asked[0] == first.asked[2] and not set(first.asked[:2]) & set(again.asked)
    assert len(result.document.words) == len(talk.truth.words)
    assert result.document.cost == pytest.approx(
        0.01 / 60 * sum(i.duration_s for i in [*first.asked[:2], *again.asked]), abs=1e-4
    )
    assert result.document.quality.covered_share > 0.9
    assert any("minutes of speech" in note for note in told)
    assert stored(engine) == []

    # Another recogniser is another transcript; the same one is found.
    assert engine.run_stage("transcript", outcome.video_id, order).reused
    other = Reader(talk.truth)
    other.identity = "reader-2"
    monkeypatch.setattr(transcript, "choose", lambda *_, **__: (other, []))
    assert not engine.run_stage("transcript", outcome.video_id, order).reused
    assert len(other.asked) == len(first.asked) + len(again.asked) - 1
