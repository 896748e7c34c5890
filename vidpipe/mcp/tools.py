"""The tools: a few lines each over the library, with the rights of whoever calls."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import anyio
import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

import vidpipe
from vidpipe.accounts.model import Action
from vidpipe.api.asked import Asked, asks
from vidpipe.api.audited import changing, settle
from vidpipe.api.models import JobOptions
from vidpipe.errors import VidpipeError
from vidpipe.library import (
    ClipSummary,
    JobDetail,
    JobSpec,
    JobView,
    Library,
    Page,
    Reason,
    Refused,
    ReviewDetail,
    ReviewItem,
    ReviewState,
    SearchHit,
    SearchKind,
    VideoState,
    VideoView,
    platform_views,
    template_views,
)
from vidpipe.mcp.answers import ChannelOptions, RenderOptions, SaidSentence, TranscriptPart
from vidpipe.mcp.callers import WhoCalls, said_of

Answer = TypeVar("Answer", bound=BaseModel)
_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
VideoId = Annotated[str, Field(pattern=_ID, description="id of a video, from list_videos")]
JobId = Annotated[str, Field(pattern=_ID, description="id of a job")]
Channel = Annotated[str | None, Field(description="only of this channel")]
Limit = Annotated[int, Field(ge=1, le=100, description="items on the page")]
Cursor = Annotated[str | None, Field(max_length=3000, description="next_cursor of the page before")]
Stages = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z0-9_/]{1,64}$")]],
    Field(min_length=1, max_length=50, description="names from render_options"),
]
ClipName = Annotated[str, Field(pattern=_ID, description="id of a clip of the video, or its rank")]
Fingerprint = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="of the clip that was seen, list_reviews")
]
Note = Annotated[str, Field(max_length=2000, description="in your own words")]
#: Sentences of one answer: some ten minutes of talk.
_SENTENCES = 120
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
_INSTRUCTIONS = """\
vidpipe turns long videos into short clips for platforms. Videos belong to channels. What is to be
made is asked for as a job (submit_job, rerender), which waits in a queue: ask job_status every few
seconds to minutes. Where a channel asks for approval, clips wait in list_reviews for approve or
reject. search finds what is said in all videos; get_transcript has all of one.
Lists are paged: give next_cursor back as cursor."""


def server(library: Library, who: WhoCalls) -> MCPServer[Any]:
    """The server with its tools.

    Args:
        library: what they work on.
        who: finds out who calls.
    """
    made: MCPServer[Any] = MCPServer(
        "vidpipe",
        title="vidpipe",
        version=vidpipe.__version__,
        instructions=_INSTRUCTIONS,
        log_level="WARNING",
        # The tools never change while the server runs: there is nothing to listen to.
        subscriptions=False,
    )
    tools = Tools(library, who)
    for read in (
        tools.job_status,
        tools.list_videos,
        tools.list_clips,
        tools.get_transcript,
        tools.search,
        tools.render_options,
        tools.list_reviews,
    ):
        made.add_tool(read, annotations=_READS)
    changes = (tools.submit_job, tools.rerender, tools.cancel_job, tools.approve, tools.reject)
    for change in changes:
        made.add_tool(change, annotations=_CHANGES)
    return made


class Tools:
    """What a language model may call; each docstring is what it is told of the tool."""

    def __init__(self, library: Library, who: WhoCalls) -> None:
        self._library = library
        self._who = who

    async def submit_job(
        self,
        ctx: Context[Any, Any],
        video_id: Annotated[
            str | None, Field(pattern=_ID, description="of a video that was taken in; or")
        ] = None,
        upload_key: Annotated[
            str | None,
            Field(
                max_length=1024,
                pattern=r"^[^\x00-\x1f\x7f]+$",
                description="of an upload in the drop folder, channel/name",
            ),
        ] = None,
        stages: Annotated[
            Stages | None, Field(description="only these; none: all that the channel wants")
        ] = None,
        options: JobOptions | None = None,
        project_id: Annotated[str | None, Field(pattern=_ID)] = None,
    ) -> JobView:
        """Have a recording processed: a video that was taken in, or an upload. What was made
        before is found again and costs nothing."""

        def work(asked: Asked) -> JobView:
            spec = JobSpec(
                upload_key=upload_key,
                video_id=video_id,
                stages=stages,
                options=options.options() if options is not None else None,
                project_id=project_id,
            )
            asked.creatable(spec)
            return asked.library.jobs.create([spec], asked_by=asked.principal.id)[0]

        return await self._change(ctx, Action.SUBMIT, "job.create", work, _job, created=True)

    async def job_status(self, ctx: Context[Any, Any], job_id: JobId) -> JobDetail:
        """Where a job stands: queued, running, done, failed (with the reason) or cancelled, its
        stages, how far it is and how many seconds of work are left."""
        return await self._read(ctx, lambda asked: asked.job_closely(job_id))

    async def list_videos(
        self,
        ctx: Context[Any, Any],
        channel: Channel = None,
        state: Annotated[
            list[VideoState] | None, Field(description="only in one of these states")
        ] = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Page[VideoView]:
        """List videos, the newest first, with where each stands."""
        return await self._read(
            ctx,
            lambda asked: asked.library.list(
                channels=asked.among(channel), states=state or (), limit=limit, cursor=cursor
            ),
        )

    async def list_clips(
        self,
        ctx: Context[Any, Any],
        video_id: Annotated[
            str | None, Field(pattern=_ID, description="only of this video")
        ] = None,
        channel: Channel = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Page[ClipSummary]:
        """List finished clips, those of the newest videos first, of each video the best first,
        with the platforms that each is exported for."""

        def work(asked: Asked) -> Page[ClipSummary]:
            if video_id is not None:
                asked.video(video_id)
            return asked.library.outputs.clips(
                channels=asked.among(channel), video_id=video_id, limit=limit, cursor=cursor
            )

        return await self._read(ctx, work)

    async def get_transcript(
        self,
        ctx: Context[Any, Any],
        video_id: VideoId,
        start_s: Annotated[float, Field(ge=0, description="from this second on")] = 0.0,
        end_s: Annotated[float | None, Field(ge=0, description="up to this second")] = None,
    ) -> TranscriptPart:
        """Read what is said in a video, sentence by sentence with times; 120 sentences at most,
        next_start_s says where it goes on."""

        def work(asked: Asked) -> TranscriptPart:
            said = asked.library.transcript(asked.video(video_id))
            sentences = [
                s
                for s in said.sentences
                if s.start_s >= start_s and (end_s is None or s.start_s < end_s)
            ]
            more = sentences[_SENTENCES:]
            return TranscriptPart(
                video_id=video_id,
                language=said.language,
                duration_s=said.words[-1].end_s if said.words else 0.0,
                sentences=tuple(
                    SaidSentence(start_s=s.start_s, end_s=s.end_s, text=s.text)
                    for s in sentences[:_SENTENCES]
                ),
                next_start_s=more[0].start_s if more else None,
            )

        return await self._read(ctx, work)

    async def search(
        self,
        ctx: Context[Any, Any],
        q: Annotated[
            str,
            Field(
                max_length=400,
                description='words, all of which have to be there; "in quotes" in this order; '
                "begin* for words that begin so",
            ),
        ],
        channel: Channel = None,
        kind: Annotated[
            SearchKind | None,
            Field(description="only sentences that are said, or only titles of chosen moments"),
        ] = None,
        video_id: Annotated[
            str | None, Field(pattern=_ID, description="only in this video")
        ] = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Page[SearchHit]:
        """Find where something is said in any video, the best first, with times."""
        return await self._read(
            ctx,
            lambda asked: asked.library.search.find(
                q,
                channels=asked.among(channel),
                kind=kind,
                video_id=video_id,
                limit=limit,
                cursor=cursor,
            ),
        )

    async def render_options(
        self, ctx: Context[Any, Any], channel: Channel = None
    ) -> RenderOptions:
        """Look up what can be chosen from: channels with the names of their stages, platforms
        with their limits, templates. With a channel also what it has of its own."""

        def work(asked: Asked) -> RenderOptions:
            engine = asked.library.engine
            own = engine.channels[asked.channel(channel)] if channel is not None else None
            return RenderOptions(
                channels=tuple(
                    ChannelOptions(
                        name=found.name,
                        title=found.title,
                        platforms=found.platforms,
                        template=found.template,
                        stages=tuple(engine.pipeline.names(found.platforms)),
                    )
                    for found in (engine.channels[n] for n in sorted(asked.among(channel)))
                ),
                platforms=platform_views(own),
                templates=template_views(own),
            )

        return await self._read(ctx, work)

    async def rerender(
        self,
        ctx: Context[Any, Any],
        video_id: VideoId,
        stages: Annotated[Stages | None, Field(description="only these; none: all")] = None,
        options: JobOptions | None = None,
    ) -> JobView:
        """Have a video, or some of its stages, made again as another job, with other options
        where they are given. What these change nothing of is found again, and not made anew."""

        def work(asked: Asked) -> JobView:
            changed = options.options() if options is not None else None
            spec = JobSpec(video_id=asked.video(video_id), stages=stages, options=changed)
            return asked.library.jobs.create([spec], asked_by=asked.principal.id)[0]

        return await self._change(ctx, Action.PROCESS, "stages.request", work, _job, created=True)

    async def cancel_job(self, ctx: Context[Any, Any], job_id: JobId) -> JobView:
        """Take a job back that is still queued. One that a run works on cannot be cancelled."""
        return await self._change(
            ctx,
            Action.PROCESS,
            "job.cancel",
            lambda asked: asked.library.jobs.cancel(asked.job(job_id).job_id),
            lambda view: f"{_job(view)}/cancel",
        )

    async def list_reviews(
        self,
        ctx: Context[Any, Any],
        video_id: Annotated[
            str | None, Field(pattern=_ID, description="only of this video")
        ] = None,
        channel: Channel = None,
        state: Annotated[ReviewState | None, Field(description="only those that stand so")] = None,
        needed: Annotated[
            bool | None, Field(description="true: only those that somebody is waited for")
        ] = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Page[ReviewItem]:
        """List clips with where each stands with reviewers: pending, approved or rejected, by whom
        and why. fingerprint is what approve and reject need."""

        def work(asked: Asked) -> Page[ReviewItem]:
            if video_id is not None:
                asked.video(video_id)
            return asked.library.reviews.list(
                channels=asked.among(channel),
                video_id=video_id,
                state=state,
                needed=needed,
                limit=limit,
                cursor=cursor,
            )

        return await self._read(ctx, work)

    async def approve(
        self,
        ctx: Context[Any, Any],
        video_id: VideoId,
        clip: ClipName,
        fingerprint: Fingerprint,
        note: Note = "",
    ) -> ReviewDetail:
        """Approve of a clip as list_reviews showed it, so that it may be exported and published.
        Only what a person asked you to approve: nobody else looks at it after you."""

        def work(asked: Asked) -> ReviewDetail:
            return asked.library.reviews.approve(
                asked.video(video_id), clip, fingerprint, asked.decider, note=note
            )

        return await self._change(ctx, Action.DECIDE, "clip.approve", work, _clip)

    async def reject(
        self,
        ctx: Context[Any, Any],
        video_id: VideoId,
        clip: ClipName,
        fingerprint: Fingerprint,
        reason: Annotated[Reason, Field(description="why; other needs a note")],
        note: Note = "",
    ) -> ReviewDetail:
        """Reject a clip as list_reviews showed it: it is kept from exports and publishing."""

        def work(asked: Asked) -> ReviewDetail:
            return asked.library.reviews.reject(
                asked.video(video_id), clip, fingerprint, reason, asked.decider, note=note
            )

        return await self._change(ctx, Action.DECIDE, "clip.reject", work, _clip)

    def _check_names(self, ctx: Context[Any, Any]) -> None:
        """Refuse arguments that the tool does not have: what was meant would not be done."""
        called = ctx.request_context.params or {}
        tool = getattr(self, str(called.get("name")))
        known = set(inspect.signature(tool).parameters) - {"ctx"}
        unknown = sorted(set(called.get("arguments") or {}) - known)
        if unknown:
            raise ToolError(
                f"invalid_request: there is no argument {', '.join(unknown)}; there are: "
                f"{', '.join(sorted(known))}"
            )

    async def _read(self, ctx: Context[Any, Any], work: Callable[[Asked], Answer]) -> Answer:
        self._check_names(ctx)
        try:
            caller = await self._who(ctx)
            asked = asks(self._library, caller.principal, Action.READ, caller.actor.request_id)
            return await anyio.to_thread.run_sync(work, asked)
        except VidpipeError as error:
            raise ToolError(said_of(error)) from error

    async def _change(
        self,
        ctx: Context[Any, Any],
        action: Action,
        called: str,
        work: Callable[[Asked], Answer],
        what: Callable[[Answer], str],
        *,
        created: bool = False,
    ) -> Answer:
        """Do it and write it down: what was begun is not left half, whoever hangs up."""

        def obeyed(asked: Asked) -> Answer:
            with changing(asked):
                made = work(asked)
                said = {"by": "mcp"}
                settle(asked, made, where=what(made), created=created, details=said)
                return made

        self._check_names(ctx)
        try:
            caller = await self._who(ctx)
            asked = asks(self._library, caller.principal, action, caller.actor.request_id)
            with anyio.CancelScope(shield=True):
                asked = dataclasses.replace(asked, actor=caller.actor, change=called)
                made = await anyio.to_thread.run_sync(obeyed, asked)
        except VidpipeError as error:
            raise ToolError(said_of(error)) from error
        return made


def _clip(view: BaseModel) -> str:
    if not isinstance(view, ReviewItem):
        raise Refused("no clip")
    return f"videos/{view.video_id}/clips/{view.clip_id}"


def _job(view: BaseModel) -> str:
    if not isinstance(view, JobView):
        raise Refused("no job")
    return f"jobs/{view.job_id}"
