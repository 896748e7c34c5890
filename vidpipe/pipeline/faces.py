"""The face detector that settings lead to: of the layout, and of clips."""

from __future__ import annotations

from typing import Any

from vidpipe.media.faces import ChosenFaces, FaceDetector, choose_faces
from vidpipe.models.store import ModelStore
from vidpipe.pipeline.order import Order
from vidpipe.settings import Settings

#: The settings that say which; the detector's identity tells of both.
FACES_READS = ("settings.faces", "settings.face_model")


def chosen_faces(settings: Settings) -> ChosenFaces:
    """The face detector that the settings ask for, and why it is no better one."""
    return _chosen(settings, settings.model_store)


def detector_for(order: Order, models: ModelStore) -> FaceDetector:
    """The face detector that the settings ask for."""
    return _chosen(order.settings, models).detector


def _chosen(settings: Settings, models: ModelStore) -> ChosenFaces:
    return choose_faces(settings.faces, settings.face_model, lambda name: models.locate(name).path)


def faces_identity(detector: FaceDetector) -> dict[str, Any]:
    """The detector, for fingerprints."""
    return {"faces": detector.identity}
