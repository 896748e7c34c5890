"""What a route is given: the library, who asks, and which channels they may do what to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel

from vidpipe.accounts.audit import Actor
from vidpipe.accounts.model import Action, Principal
from vidpipe.api.problems import ApiError, Forbidden
from vidpipe.api.security.dependencies import actor_of, check_scope, require
from vidpipe.catalog.units import UnitOfWork
from vidpipe.library import (
    AssetView,
    CommentView,
    Decider,
    DeliveryDetail,
    EndpointView,
    GateView,
    JobDetail,
    JobSpec,
    JobView,
    Library,
    ProjectView,
    Refused,
    ReviewLinkView,
    SocialAccountView,
    SocialPost,
    UnknownComment,
    UnknownDelivery,
    UnknownEndpoint,
    UnknownFailure,
    UnknownGate,
    UnknownJob,
    UnknownPost,
    UnknownProject,
    UnknownReviewLink,
    UnknownSocialAccount,
    UnknownUpload,
    UnknownUploadSession,
    UnknownVideo,
)

Job = TypeVar("Job", bound=JobView)


@dataclass
class Writing:
    """How far it is written down what a request changes.

    Attributes:
        unit: the transaction of its changes; None: they are none in one.
        announced: what was written down to begin, before anything was changed, and by whom.
        settled: what there is to write is written.
    """

    unit: UnitOfWork | None = None
    announced: Asked | None = None
    settled: bool = False


@dataclass(frozen=True)
class Asked:
    """One request to one library.

    Attributes:
        library: what is asked.
        principal: who asks.
        action: what the route does.
        request_id: of the request.
        actor: who asks, as the audit log names them.
        change: what the route does, as the audit log names it: `job.cancel`.
        before: what the route was given to change, as it was; for the audit log.
        allowed: the channels that it was allowed to do this to, in the order of asking.
        recorded: the changes that the audit log has already, in the order of their making.
        path: of the request.
        writing: how far it is written down.
    """

    library: Library
    principal: Principal
    action: Action
    request_id: str
    actor: Actor
    change: str = ""
    before: list[BaseModel] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)
    path: str = ""
    writing: Writing = field(default_factory=Writing)

    @property
    def organisations(self) -> tuple[str, ...]:
        """Whose channels the request is about, each once; none before one was allowed."""
        channels = self.library.engine.channels
        return tuple(dict.fromkeys(channels[name].organisation for name in self.allowed))

    def channels(self, action: Action = Action.READ) -> frozenset[str]:
        """The channels that they may do this to; what every list is limited by."""
        channels = self.library.engine.channels
        known = ((channel.organisation, name) for name, channel in channels.items())
        return self.principal.channels(action, known)

    def among(self, channel: str | None) -> frozenset[str]:
        """The channels of a list: those that they may read, or the one that they name of these."""
        readable = self.channels()
        return readable if channel is None else readable & {channel}

    def channel(self, name: str) -> str:
        """A channel that they may do what the route does to.

        Raises:
            ApiError: there is none of this name that they may see: 404.
            Forbidden: they may see it, and not do this.
        """
        if name not in self.channels():
            raise ApiError(404, "channel_not_found", f"there is no channel {name!r}")
        self._allow(name)
        return name

    def video(self, video_id: str) -> str:
        """A video that they may do what the route does to.

        Raises:
            UnknownVideo: there is none of this id that they may see.
            Forbidden: they may see it, and not do this.
        """
        channel = self.library.channel_of(video_id)
        if channel not in self.channels():
            raise UnknownVideo(video_id)
        self._allow(channel)
        if self.action is not Action.READ:
            self.before.append(self.library.status(video_id))
        return video_id

    def job(self, job_id: str) -> JobView:
        """A job that they may do what the route does to; errors as with videos."""
        return self._of_job(self.library.jobs.view(job_id))

    def job_closely(self, job_id: str) -> JobDetail:
        """The same, with all that is known of it."""
        return self._of_job(self.library.jobs.get(job_id))

    def _of_job(self, found: Job) -> Job:
        if found.channel not in self.channels():
            raise UnknownJob(found.job_id)
        self._allow(found.channel)
        self.before.append(found)
        return found

    def project(self, project_id: str) -> ProjectView:
        """A project that they may do what the route does to; errors as with videos."""
        found = self.library.projects.get(project_id)
        if found.channel not in self.channels():
            raise UnknownProject(project_id)
        self._allow(found.channel)
        self.before.append(found)
        return found

    def creatable(self, spec: JobSpec) -> None:
        """Whether they may have this job done; errors as with videos.

        Raises:
            UnknownVideo: its video is none that they may see.
            UnknownUpload: its upload is none that they may see.
            UnknownProject: its project is none that they may see.
            Misconfigured: it cannot be asked for, or its project is of another channel.
            Forbidden: they may see it, and not do this.
        """
        channel = self.library.jobs.channel_of(spec)
        if channel not in self.channels() and spec.source_url is None:
            if spec.video_id is not None:
                raise UnknownVideo(spec.video_id)
            raise UnknownUpload(spec.upload_key or "")
        self.channel(channel)
        if spec.project_id is not None and self.project(spec.project_id).channel != channel:
            raise Refused(f"{spec.project_id} belongs to another channel")

    def upload_session(self, upload_id: str, *, of_others: bool = False) -> str:
        """An upload of their own; of others, too, one of a channel that they may remove things of.

        Raises:
            UnknownUploadSession: there is none of this id that they may see.
            Forbidden: they may see its channel, and upload nothing there.
        """
        channel, began = self.library.upload_sessions.owner(upload_id)
        if channel not in self.channels():
            raise UnknownUploadSession(upload_id)
        self._allow(channel)
        may = of_others and channel in self.channels(Action.REMOVE)
        if began != self.principal.id and not may:
            raise UnknownUploadSession(upload_id)
        return upload_id

    def asset(self, channel: str, name: str) -> AssetView:
        """An asset that they may do what the route does to; errors as with channels.

        Raises:
            UnknownAsset: the channel has none of this name.
        """
        found = self.library.assets.get(self.channel(channel), name)
        self.before.append(found)
        return found

    def failure(self, number: int) -> int:
        """A failure that they may do what the route does to; errors as with videos."""
        channel = self.library.failure_channel(number)
        if channel not in self.channels():
            raise UnknownFailure([number])
        self._allow(channel)
        return number

    # Reviews

    @property
    def decider(self) -> Decider:
        """Whoever asks, as those who decide are written down."""
        return Decider(self.principal.id, self.principal.name)

    def deciding(self, channel: str) -> None:
        """Whether they may approve and reject in a channel, which may ask for administrators.

        Raises:
            Forbidden: they may not.
        """
        if not self.library.gate_settings.may_decide(self.principal, channel):
            raise Forbidden(f"only administrators of the channel {channel} approve and reject")

    def gate(self, gate_id: int) -> GateView:
        """A gate of a video that they may do what the route does to; errors as with videos."""
        found = self.library.reviews.gate(gate_id)
        if found.channel not in self.channels():
            raise UnknownGate(gate_id)
        self._allow(found.channel)
        self.before.append(found)
        return found

    def review_link(self, link_id: str) -> ReviewLinkView:
        """A link to clips of a channel that they may do what the route does to; likewise."""
        found = self.library.reviews.links.get(link_id)
        if found.channel not in self.channels():
            raise UnknownReviewLink(link_id)
        self._allow(found.channel)
        self.before.append(found)
        return found

    def comment(self, number: int) -> CommentView:
        """A comment on a clip of a channel that they may do what the route does to; likewise."""
        found = self.library.reviews.links.get_comment(number)
        channel = self.library.channel_of(found.video_id)
        if channel not in self.channels():
            raise UnknownComment(number)
        self._allow(channel)
        self.before.append(found)
        return found

    def social_account(self, account_id: str) -> SocialAccountView:
        """An account of a channel that they may do what the route does to; likewise."""
        found = self.library.social_accounts.get(account_id)
        if found.channel not in self.channels():
            raise UnknownSocialAccount(account_id)
        self._allow(found.channel)
        self.before.append(found)
        return found

    def social_post(self, post_id: str) -> SocialPost:
        """A post of a channel that they may do what the route does to; likewise."""
        found = self.library.posts.get(post_id)
        if found.channel not in self.channels():
            raise UnknownPost(post_id)
        self._allow(found.channel)
        self.before.append(found)
        return found

    # Webhooks: of an organisation as a whole, or of channels of it

    def places(self) -> frozenset[str]:
        """The organisations in which they may do what the route does to anything.

        Raises:
            Forbidden: in none.
        """
        channels = self.library.engine.channels
        found = frozenset(channels[name].organisation for name in self.channels(self.action))
        if not found:
            raise Forbidden(f"you may do this in no channel: {self.action}")
        return found

    def place(self, organisation: str, channels: Collection[str] | None) -> None:
        """An organisation, or channels of it, that they may do what the route does to.

        Raises:
            ApiError: there is no such place that they may see: 404.
            Forbidden: they may see it, and not do this.
        """
        known = self.library.engine.channels
        theirs = {name for name in self.channels() if known[name].organisation == organisation}
        if not theirs:
            raise ApiError(404, "organisation_not_found", f"there is no {organisation!r}")
        for name in channels or ():
            if name not in theirs:
                raise ApiError(404, "channel_not_found", f"there is no channel {name!r}")
        self._allow_place(organisation, channels)

    def endpoint(self, endpoint_id: str) -> EndpointView:
        """A webhook that they may do what the route does to; errors as with videos."""
        found = self.library.webhooks.get(endpoint_id)
        if not self._sees(found):
            raise UnknownEndpoint(endpoint_id)
        self._allow_place(found.organisation, found.channels)
        self.before.append(found)
        return found

    def delivery(self, delivery_id: str) -> DeliveryDetail:
        """A delivery to a webhook that they may do what the route does to; errors likewise."""
        found = self.library.webhooks.delivery(delivery_id)
        endpoint = self.library.webhooks.get(found.endpoint_id)
        if not self._sees(endpoint):
            raise UnknownDelivery(delivery_id)
        self._allow_place(endpoint.organisation, endpoint.channels)
        self.before.append(found)
        return found

    def may_change(self, endpoint: EndpointView) -> bool:
        """Whether they may do what the route does to a webhook."""
        return self._may(endpoint.organisation, endpoint.channels)

    def _sees(self, endpoint: EndpointView) -> bool:
        """Whether they may look at anything of what it is notified of."""
        known = self.library.engine.channels
        readable = self.channels()
        if endpoint.channels is not None:
            return bool(readable & set(endpoint.channels)) or self.may_change(endpoint)
        return any(known[name].organisation == endpoint.organisation for name in readable)

    def _may(self, organisation: str, channels: Collection[str] | None) -> bool:
        whole: Collection[str | None] = channels if channels is not None else (None,)
        return all(self.principal.may(self.action, organisation, name) for name in whole)

    def _allow_place(self, organisation: str, channels: Collection[str] | None) -> None:
        if not self._may(organisation, channels):
            raise Forbidden(f"you may not do this in all of {organisation}: {self.action}")
        known = self.library.engine.channels
        whole = [name for name, channel in known.items() if channel.organisation == organisation]
        self.allowed.extend(whole if channels is None else [c for c in channels if c in known])

    def _allow(self, channel: str) -> None:
        if channel not in self.channels(self.action):
            raise Forbidden(f"you may not do this in the channel {channel}: {self.action}")
        if self.action is Action.DECIDE:
            self.deciding(channel)
        self.allowed.append(channel)


def asks(library: Library, who: Principal, action: Action, request_id: str) -> Asked:
    """Somebody asks a library to do this.

    Raises:
        Forbidden: what they use is not good for the action.
    """
    check_scope(who, action)
    return Asked(library, who, action, request_id, Actor(who.id, request_id))


def asked(action: Action) -> Callable[..., Awaitable[Asked]]:
    """A dependency: the request of someone whose key or session is good for the action."""

    async def given(
        request: Request,
        who: Principal = Depends(require(action)),  # noqa: B008
    ) -> Asked:
        request_id = str(request.scope.get("vidpipe.request_id", ""))
        verb, _, noun = request.scope["route"].name.partition("_")
        made = Asked(
            request.app.state.library,
            who,
            action,
            request_id,
            actor=actor_of(request, who.id),
            change=f"{noun}.{verb}",
            path=request.scope["path"],
        )
        request.scope["vidpipe.asked"] = made
        return made

    return given


Reads = Annotated[Asked, Depends(asked(Action.READ))]
Submits = Annotated[Asked, Depends(asked(Action.SUBMIT))]
Processes = Annotated[Asked, Depends(asked(Action.PROCESS))]
Comments = Annotated[Asked, Depends(asked(Action.REVIEW))]
Decides = Annotated[Asked, Depends(asked(Action.DECIDE))]
Publishes = Annotated[Asked, Depends(asked(Action.PUBLISH))]
Removes = Annotated[Asked, Depends(asked(Action.REMOVE))]
Configures = Annotated[Asked, Depends(asked(Action.CONFIGURE))]
