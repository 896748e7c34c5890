"""Clips that a check is held against: stretches of real recordings, some of them changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.real.figure import Column
from benchmarks.real.layout import composed
from benchmarks.real.layout import made as composed_talk
from benchmarks.real.split import MEDIA

Filters = tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...]


@dataclass(frozen=True)
class Case:
    """A stretch of a recording, as it is or changed to be dark, barred, faded or still.

    `file` is one of the test media, or `composed/` and the name of a talk of `real.layout`.
    """

    name: str
    column: Column
    file: str
    start_s: float
    end_s: float
    changed: Filters = ()
    loops: int = 0


def _night() -> Filters:
    """A seventh of the light, and a sensor's noise."""
    return (("lutyuv", (), {"y": "16+(val-16)/7"}), ("noise", (), {"c0s": 4, "c0f": "t"}))


#: As slow as the slowest recorders.
_SLOW: Filters = (("fps", (), {"fps": 1}),)


def _faded(at_s: float, last_s: float) -> Filters:
    """Out to black and in again, half a second black."""
    d = (last_s - at_s - 0.5) / 2
    level = (
        f"if(lt(T,{at_s}),1,if(lt(T,{at_s + d}),1-(T-{at_s})/{d},"
        f"if(lt(T,{last_s - d}),0,if(lt(T,{last_s}),1-({last_s}-T)/{d},1))))"
    )
    keep = {"cb": f"128+(cb(X,Y)-128)*{level}", "cr": f"128+(cr(X,Y)-128)*{level}"}
    return (("geq", (), {"lum": f"16+(lum(X,Y)-16)*{level}", **keep}),)


def _still(at_s: float) -> Filters:
    """One picture for good."""
    return (
        ("trim", (), {"start": at_s, "duration": 0.05}),
        ("loop", (), {"loop": 2000, "size": 1}),
        ("setpts", ("N/25/TB",), {}),
        ("trim", (), {"duration": 30}),
    )


def _barred() -> Filters:
    """Black bars above and below a third of the height."""
    return (("pad", (), {"h": "ih*1.33", "w": "iw", "x": 0, "y": "(oh-ih)/2"}),)


CASES = (
    Case("inset, white pages", "build", "composites/office_pip.mp4", 5, 17),
    Case("page that turns", "build", "composites/office_pip.mp4", 40, 56),
    Case("map and square", "build", "composites/map_square.mp4", 14, 26),
    Case("square, then camera", "build", "composites/map_square.mp4", 36, 48),
    Case("presenter, tall", "build", "composites/presenter_tall.mp4", 36, 50),
    Case("large camera", "build", "composites/selfie_bigcam.mp4", 14, 26),
    Case("page alone, then inset", "build", "composites/selfie_bigcam.mp4", 38, 52),
    Case("inset, at night", "build", "composites/office_pip.mp4", 14, 28, _night()),
    Case("one picture a second", "build", "composites/office_pip.mp4", 38, 56, _SLOW),
    Case("lecture with an inset", "build", "lecture/cvpr20_rank_pip_59s_noaudio.mp4", 14, 28),
    Case("console", "build", "screencast/yolo_console_narrated_70s.mp4", 2, 16),
    Case("shared desk", "build", "screencast/bbb_2364_deskshare_slides_114s.flv", 58, 72),
    Case("few words move", "build", "labelled/opencast_slidechanges_28s.mov", 4, 18),
    Case("camera", "build", "cameras/lp_d13.mp4", 0.5, 8),
    Case("camera at night", "build", "cameras/lp_d3.mp4", 0.5, 11, _night(), 1),
    Case("camera, faded", "build", "cameras/mt_sun.mp4", 0.5, 12, _faded(4, 7)),
    Case("camera with bars", "build", "cameras/vr_4.mp4", 0.5, 12, _barred(), 2),
    Case("a photograph", "build", "cameras/lp_s18.mp4", 1, 11, _still(2)),
    Case("dark slides beside", "build", "composed/11-0-touching", 0.5, 13),
    Case("dark slides alone", "build", "composed/11-0-touching", 14.5, 24.5),
    Case("dark slides, large inset", "build", "composed/11-1-inset_large", 6, 23),
    Case("dark pages, round inset", "held_out", "composites/webcam_dark_round.mp4", 10, 24),
    Case("dark page alone", "held_out", "composites/webcam_dark_round.mp4", 38, 52),
    Case("dark page, inset", "held_out", "composites/webcam_dark_round.mp4", 52, 66),
    Case("senate, beside", "held_out", "composites/senate_side.mp4", 26, 42),
    Case("senate, camera", "held_out", "composites/senate_side.mp4", 46, 62),
    Case("ink on a slide", "held_out", "lecture/crypto_slides_ink_145s.mp4", 108, 122),
    Case("scenes", "held_out", "labelled/psd_fades_10s.mp4", 0.5, 9.5),
    Case("fades to black", "held_out", "labelled/psd_fades_to_black_24s.mp4", 4, 20),
    Case("slides of one a second", "held_out", "labelled/opencast_scene-change_20s.mov", 4, 19),
    Case("slides of a meeting", "held_out", "screencast/bbb_b443_screencast_voice.mp4", 8, 22),
    Case("letterbox of one a second", "held_out", "malformed/mp4_black_letterbox_40s.mp4", 8, 24),
    Case("two heads", "held_out", "speech/interview_two_heads_18s.mp4", 2, 14),
    Case("an app, uneven rate", "held_out", "screencast/paella_app_vfr_49s_noaudio.mp4", 8, 22),
    Case("camera", "held_out", "cameras/lp_d9.mp4", 0.5, 12),
    Case("camera at night", "held_out", "cameras/lp_d10.mp4", 0.5, 12, _night()),
    Case("camera, faded", "held_out", "cameras/st_k.mp4", 0.5, 11, _faded(3, 6), 1),
    Case("camera with bars", "held_out", "cameras/vr_2.mp4", 0.5, 12, _barred(), 2),
    Case("a photograph", "held_out", "cameras/lp_s29.mp4", 1, 11, _still(2)),
    Case("dark slides beside", "held_out", "composed/23-0-touching", 0.5, 12.5),
    Case("dark slides alone", "held_out", "composed/23-0-touching", 13.5, 25.5),
    Case("dark slides, large inset", "held_out", "composed/23-1-inset_large", 6, 24),
)


def recording(case: Case) -> Path | None:
    """The recording of a case if it is there; composed talks are made when they are asked for."""
    talk = case.file.removeprefix("composed/")
    if talk != case.file:
        plans = [plan for plan in composed(case.column) if plan.name == talk]
        return composed_talk(plans[0])[0] if plans else None
    path = MEDIA / case.file
    return path if path.exists() else None
