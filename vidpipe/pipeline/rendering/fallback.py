"""A second try for a clip whose encoder failed: nothing in it that could fail."""

from __future__ import annotations

from vidpipe.clips.model import ClipOptions, ClipPlan
from vidpipe.framing.model import CropPath
from vidpipe.media.encoders import SOFTWARE


def plain_plan(plan: ClipPlan) -> ClipPlan:
    """A plan for a second try: cameras that stand, nothing painted over or cut round."""
    parts = [
        part.model_copy(
            update={
                "inset": None,
                "disc": False,
                "camera": _standing(part.camera),
                "other": _standing(part.other),
            }
        )
        for part in plan.parts
    ]
    return plan.model_copy(update={"parts": tuple(parts), "intro_frames": 0, "outro_frames": 0})


def plain_options(options: ClipOptions) -> ClipOptions:
    """Options for a second try: no card, bar, logo, music or films, x264 at its fastest."""
    brand = options.brand.model_copy(
        update={
            "logo": None,
            "music": None,
            "intro": None,
            "outro": None,
            "title_card": "none",
            "progress_bar": False,
        }
    )
    tier = options.tier.model_copy(update={"preset": "ultrafast"})
    return options.model_copy(
        update={"brand": brand, "tier": tier, "encoder": SOFTWARE, "reduce": ()}
    )


def _standing(path: CropPath | None) -> CropPath | None:
    return path and path.model_copy(update={"points": path.points[:1]})
