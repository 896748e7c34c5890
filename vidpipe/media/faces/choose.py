"""Which face detector is used: the best of those that can be had, and why no better one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.media.faces.convolutional import CenterFaces, ConvolutionalFaces, YuNetFaces
from vidpipe.media.faces.dlib_hog import DlibFaces
from vidpipe.media.faces.model import FaceDetector, FaceDetectorName

#: What the setting may say: a detector, or the best that can be had.
FaceChoice = Literal["auto", "centerface", "yunet", "dlib"]

#: The detector that is used where its weights can be had, chosen by `benchmarks/real/faces.py`.
BEST: FaceDetectorName = "centerface"


@dataclass(frozen=True)
class ChosenFaces:
    """A detector, and where it is not the best why not ("" where it is)."""

    detector: FaceDetector
    instead: str = ""

    def __str__(self) -> str:
        return f"{self.detector.identity}{f' ({self.instead})' if self.instead else ''}"


def choose_faces(
    wanted: FaceChoice, given: Path | None, find: Callable[[FaceDetectorName], Path]
) -> ChosenFaces:
    """The face detector that is wanted; the only place where one is made.

    Args:
        wanted: a detector, or "auto": the best that can be had.
        given: a file of weights that is to be used instead of the one that `find` knows;
            with "auto" its outputs say whose it is.
        find: the weights of a detector; raises Unavailable where there are none.

    Raises:
        Unavailable: a detector is wanted by name and its weights cannot be had.
        Misconfigured: the weights are not those of the detector.
    """
    if wanted == "dlib":
        if given is not None:
            raise Misconfigured("VIDPIPE_FACE_MODEL: dlib's detector has no weights to give")
        return ChosenFaces(DlibFaces(), "asked for by VIDPIPE_FACES")
    if given is not None:
        return ChosenFaces(_given(wanted, given))
    if wanted != "auto":
        return ChosenFaces(_of(wanted, find(wanted)))
    try:
        return ChosenFaces(_of(BEST, find(BEST)))
    except Unavailable as error:
        return ChosenFaces(DlibFaces(), f"sees faces from the front only; not {BEST}: {error}")


def _of(name: FaceDetectorName, weights: Path) -> ConvolutionalFaces:
    return CenterFaces(weights) if name == "centerface" else YuNetFaces(weights)


def _given(wanted: FaceChoice, weights: Path) -> ConvolutionalFaces:
    if wanted != "auto":
        return _of(wanted, weights)
    try:
        return CenterFaces(weights)
    except Misconfigured as error:
        try:
            return YuNetFaces(weights)
        except Misconfigured:
            raise Misconfigured(
                f"VIDPIPE_FACE_MODEL: {weights} is neither CenterFace nor YuNet: {error}"
            ) from error
