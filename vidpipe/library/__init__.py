"""The library of videos as its users see it: the application layer.

Belongs here: everything that can be asked of videos and done with them, as methods of
`Library` that print nothing and give frozen values; the one place that says where a video
stands. Does not belong here: how it is shown (the command line, pages, an API) and how it is
done (packages below this one).
"""

from vidpipe.library.library import (
    Library,
    StaleVideos,
    UnknownFailure,
    UnknownVideo,
    process,
)
from vidpipe.library.processing import Processed, Submission
from vidpipe.library.state import VideoFacts, VideoState, state_of
from vidpipe.library.views import (
    ExportLink,
    FailureView,
    Page,
    RequestView,
    StageView,
    Totals,
    UploadView,
    VideoDetail,
    VideoView,
)
from vidpipe.results.stored import NotReady

__all__ = [
    "ExportLink",
    "FailureView",
    "Library",
    "NotReady",
    "Page",
    "Processed",
    "RequestView",
    "StageView",
    "StaleVideos",
    "Submission",
    "Totals",
    "UnknownFailure",
    "UnknownVideo",
    "UploadView",
    "VideoDetail",
    "VideoFacts",
    "VideoState",
    "VideoView",
    "process",
    "state_of",
]
