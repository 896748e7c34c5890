"""Faces in a picture: what finds them, and which of the detectors is used.

Belongs here: detectors of one picture, and what they need. Does not belong here: faces
over time (framing), and what a face says of a region (layout).
"""

from vidpipe.media.faces.choose import ChosenFaces, FaceChoice, choose_faces
from vidpipe.media.faces.dlib_hog import DlibFaces
from vidpipe.media.faces.model import Face, FaceDetector, FaceDetectorName, Landmarks, median_count

__all__ = [
    "ChosenFaces",
    "DlibFaces",
    "Face",
    "FaceChoice",
    "FaceDetector",
    "FaceDetectorName",
    "Landmarks",
    "choose_faces",
    "median_count",
]
