"""What was measured on real media stays as good: a part of `benchmarks.reality`, anew."""

from __future__ import annotations

import pytest

from vidpipe_tests.conftest import REAL_MEDIA

#: What machines and versions of decoders may differ by.
_WORSE = 0.02


def test_no_figure_on_real_media_gets_worse(centerface, monkeypatch):
    """The figures of the guard against those that were written down with commit and date."""
    if not (REAL_MEDIA / "composites").is_dir():
        pytest.skip(f"real test media are not there: {REAL_MEDIA}")
    monkeypatch.setenv("VIDPIPE_FACE_MODEL", str(centerface))
    from benchmarks import reality

    measured = {(f.name, f.column): f for f in reality.guard()}
    written = {(f.name, f.column): f for f in reality.recorded() if f.name.startswith("guard: ")}
    assert measured.keys() == written.keys()
    assert {f.column for f in measured.values()} == {"build", "held_out"}
    for key, was in written.items():
        now = measured[key].value
        lost = was.value - now if was.higher_is_better else now - was.value
        assert lost <= _WORSE, f"{key}: {now} where {was.value} was written down"
