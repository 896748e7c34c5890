"""The library of videos as its users see it: the application layer.

Belongs here: everything that can be asked of videos and done with them, as methods of
`Library` that print nothing and give frozen values; the one place that says where a video
stands. Does not belong here: how it is shown (the command line, pages, an API) and how it is
done (packages below this one).
"""

from vidpipe.catalog.search import SearchKind
from vidpipe.catalog.states import DeliveryState, JobState, WrongState
from vidpipe.catalog.upload_sessions import UploadSessionState
from vidpipe.library.downloads import DownloadEnd, DownloadOutcome
from vidpipe.library.edit_views import (
    EditComparison,
    EditEstimate,
    EditsView,
    EditVersionView,
    RenderAsked,
)
from vidpipe.library.edits import EditAuthor, EditsChanged
from vidpipe.library.errors import (
    AssetInUse,
    Changed,
    NameTaken,
    Refused,
    RightsNotConfirmed,
    TooManyUploads,
    Unknown,
    UnknownAsset,
    UnknownClip,
    UnknownDelivery,
    UnknownEndpoint,
    UnknownExport,
    UnknownFailure,
    UnknownJob,
    UnknownProject,
    UnknownUpload,
    UnknownUploadSession,
    UnknownVideo,
)
from vidpipe.library.jobs import JobSpec
from vidpipe.library.library import Library, StaleVideos, process
from vidpipe.library.looks import PlatformView, TemplateView, platform_views, template_views
from vidpipe.library.outputs import ClipSummary, ExportDetail, ExportView, PostView
from vidpipe.library.player_views import ProxyView, TimelineView
from vidpipe.library.processing import Processed, Submission
from vidpipe.library.searching import SearchHit
from vidpipe.library.state import VideoFacts, VideoState, state_of
from vidpipe.library.statistics import AnalyticsView
from vidpipe.library.uploads import UploadSpec
from vidpipe.library.views import (
    AssetView,
    ExportLink,
    FailureView,
    JobDetail,
    JobDownload,
    JobError,
    JobProgress,
    JobView,
    Page,
    ProjectView,
    RequestView,
    StageView,
    Totals,
    UploadPartLink,
    UploadPartView,
    UploadSessionView,
    UploadView,
    VideoDetail,
    VideoView,
)
from vidpipe.library.webhooks import (
    AttemptView,
    DeliveryDetail,
    DeliveryView,
    EndpointCreated,
    EndpointView,
)
from vidpipe.results.stored import NotReady

__all__ = [
    "AnalyticsView",
    "AssetInUse",
    "AssetView",
    "AttemptView",
    "Changed",
    "ClipSummary",
    "DeliveryDetail",
    "DeliveryState",
    "DeliveryView",
    "DownloadEnd",
    "DownloadOutcome",
    "EditAuthor",
    "EditComparison",
    "EditEstimate",
    "EditVersionView",
    "EditsChanged",
    "EditsView",
    "EndpointCreated",
    "EndpointView",
    "ExportDetail",
    "ExportLink",
    "ExportView",
    "FailureView",
    "JobDetail",
    "JobDownload",
    "JobError",
    "JobProgress",
    "JobSpec",
    "JobState",
    "JobView",
    "Library",
    "NameTaken",
    "NotReady",
    "Page",
    "PlatformView",
    "PostView",
    "Processed",
    "ProjectView",
    "ProxyView",
    "Refused",
    "RenderAsked",
    "RequestView",
    "RightsNotConfirmed",
    "SearchHit",
    "SearchKind",
    "StageView",
    "StaleVideos",
    "Submission",
    "TemplateView",
    "TimelineView",
    "TooManyUploads",
    "Totals",
    "Unknown",
    "UnknownAsset",
    "UnknownClip",
    "UnknownDelivery",
    "UnknownEndpoint",
    "UnknownExport",
    "UnknownFailure",
    "UnknownJob",
    "UnknownProject",
    "UnknownUpload",
    "UnknownUploadSession",
    "UnknownVideo",
    "UploadPartLink",
    "UploadPartView",
    "UploadSessionState",
    "UploadSessionView",
    "UploadSpec",
    "UploadView",
    "VideoDetail",
    "VideoFacts",
    "VideoState",
    "VideoView",
    "WrongState",
    "platform_views",
    "process",
    "state_of",
    "template_views",
]
