"""What was measured on real media stays as good: a part of `benchmarks.reality`, anew."""

from __future__ import annotations

import pytest

from vidpipe_tests.conftest import MODELS, REAL_MEDIA

#: What machines and versions of decoders may differ by.
_WORSE = 0.02


@pytest.mark.slow
def test_no_figure_on_real_media_gets_worse(centerface, whisper_base, monkeypatch):
    """The figures of the guard against those that were written down with commit and date."""
    if not (REAL_MEDIA / "composites").is_dir():
        pytest.skip(f"real test media are not there: {REAL_MEDIA}")
    monkeypatch.setenv("VIDPIPE_FACE_MODEL", str(centerface))
    monkeypatch.setenv("VIDPIPE_MODELS", str(MODELS))
    from benchmarks import reality

    measured = {(f.name, f.column): f for f in reality.guard()}
    written = {(f.name, f.column): f for f in reality.recorded() if f.name.startswith("guard: ")}
    assert measured.keys() == written.keys()
    assert {f.column for f in measured.values()} == {"build", "held_out"}
    for key, was in written.items():
        now = measured[key].value
        lost = was.value - now if was.higher_is_better else now - was.value
        assert lost <= _WORSE, f"{key}: {now} where {was.value} was written down"


def test_clips_that_are_broken_on_purpose_keep_to_the_split():
    """A recording is on the side on which everything else that is measured has it."""
    from benchmarks.real.split import COLUMNS, split
    from benchmarks.real.stretches import CASES

    known = split()
    seeds = {"build": "composed/11-", "held_out": "composed/23-"}
    for column in COLUMNS:
        listed = {
            *known["cameras"][column]["media"],
            *(f"composites/{name}.mp4" for name in known["composites"][column]),
            *known["slides"][column],
            *known["words"][column],
            *known["clips"][column],
        }
        used = {case.file for case in CASES if case.column == column}
        strangers = {f for f in used - listed if not f.startswith(seeds[column])}
        assert used and not strangers


def test_a_clip_of_a_dark_page_is_told_from_broken_ones(tmp_path, centerface, monkeypatch):
    """One of the measured clips anew, with its faults."""
    if not (REAL_MEDIA / "composites").is_dir():
        pytest.skip(f"real test media are not there: {REAL_MEDIA}")
    monkeypatch.setenv("VIDPIPE_FACE_MODEL", str(centerface))
    monkeypatch.setenv("VIDPIPE_MODELS", str(MODELS))
    from benchmarks.real.looks import look
    from benchmarks.real.stretches import CASES

    [case] = [case for case in CASES if case.name == "dark page, inset"]
    looked = look(case, tmp_path)
    assert looked.false_alarms == ()
    assert len(looked.seen) == 3
    assert all(one.found and one.named for one in looked.seen)
    assert list(tmp_path.glob("*.jpg"))
