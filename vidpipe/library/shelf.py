"""What can be asked of a library of videos; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from vidpipe.catalog.states import FailureState
from vidpipe.catalog.tables import Video
from vidpipe.content.chapters import chapters_vtt
from vidpipe.content.model import Content
from vidpipe.errors import Misconfigured
from vidpipe.intake.model import IntakeState
from vidpipe.layout.model import Layout
from vidpipe.library.coordination import Processing, processing_of
from vidpipe.library.errors import Refused, UnknownFailure, UnknownVideo
from vidpipe.library.reading import (
    AMONG,
    PAGE,
    check_limit,
    cursor_after,
    failure_view,
    place_of,
    upload_cursor,
    upload_view,
    video_detail,
    video_views,
)
from vidpipe.library.state import VideoState
from vidpipe.library.views import (
    ExportLink,
    FailureView,
    Page,
    Totals,
    UploadView,
    VideoDetail,
    VideoView,
)
from vidpipe.pipeline.editing.words import with_corrections
from vidpipe.pipeline.engine import Engine
from vidpipe.results.deliver import deliver
from vidpipe.results.model import Results
from vidpipe.results.stored import NotReady, stored_results
from vidpipe.storage.artifacts import Model
from vidpipe.transcript.model import Transcript

#: No store signs a link for longer.
_WEEK_S = 7 * 24 * 3600
#: Uploads that became no video of their own.
_NO_VIDEOS = (IntakeState.QUARANTINED, IntakeState.ALIAS, IntakeState.SKIPPED)


class Shelf:
    """What is in a library: videos and where they stand, what was made of them, what failed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def status(self, video_id: str) -> VideoDetail:
        """A video closely: where it stands, its stages, what is asked for, what failed.

        Raises:
            UnknownVideo: there is none of this id.
        """
        with self.engine.catalog.together():
            return video_detail(self.engine.catalog, self._row(video_id))

    def list(
        self,
        *,
        channel: str | None = None,
        channels: Collection[str] | None = None,
        states: Collection[VideoState] = (),
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[VideoView]:
        """A page of videos, the newest first.

        Args:
            channel: only of this one.
            channels: only of these; None: of all.
            states: only in one of these; empty: in any.
            limit: videos on the page, 1 to 500.
            cursor: of the page before.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        try:
            states = {VideoState(state) for state in states}
        except ValueError as error:
            raise Refused(f"states: {error}; there are: {', '.join(VideoState)}") from error
        catalog = self.engine.catalog
        if channel is not None:
            channels = {channel} if channels is None else {channel} & set(channels)
        after = place_of(cursor) if cursor else None
        about = {AMONG[state] for state in states}
        found: list[tuple[Video, VideoView]] = []
        # The database narrows by what rows say; what was wanted is asked of their states.
        while len(found) <= limit:
            with catalog.together():
                rows = catalog.listing.videos(
                    limit + 1, channels=channels, after=after, about=about
                )
                views = video_views(catalog, rows)
            found += [
                pair
                for pair in zip(rows, views, strict=True)
                if not states or pair[1].state in states
            ]
            if len(rows) <= limit:
                break
            after = (rows[-1].created_at, rows[-1].video_id)
        shown = found[:limit]
        more = len(found) > limit
        return Page(
            items=tuple(view for _, view in shown),
            next_cursor=cursor_after(shown[-1][0].created_at, shown[-1][0].video_id)
            if more
            else None,
        )

    def uploads(self, *, channel: str | None = None, limit: int = PAGE) -> tuple[UploadView, ...]:
        """The newest uploads that became no video of their own, the newest first."""
        rows = self.engine.catalog.newest_uploads(_NO_VIDEOS, limit, channel)
        return tuple(upload_view(row) for row in reversed(rows))

    def uploads_page(
        self,
        *,
        channels: Collection[str],
        states: Collection[str] = (),
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[UploadView]:
        """A page of uploads in any state, those first that something was decided on last.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        rows = self.engine.catalog.listing.uploads(
            limit + 1,
            channels=channels,
            states=states,
            after=place_of(cursor) if cursor else None,
        )
        more = len(rows) > limit
        return Page(
            items=tuple(upload_view(row) for row in rows[:limit]),
            next_cursor=upload_cursor(rows[limit - 1]) if more else None,
        )

    def failures_page(
        self,
        *,
        channels: Collection[str],
        given_up: bool | None = None,
        limit: int = PAGE,
        cursor: int | None = None,
    ) -> Page[FailureView]:
        """A page of failures that are not resolved, the newest first.

        Raises:
            Misconfigured: the limit is out of its range.
        """
        check_limit(limit)
        rows = self.engine.catalog.listing.unresolved(
            limit + 1, channels=channels, state=_failure_state(given_up), before=cursor
        )
        more = len(rows) > limit
        return Page(
            items=tuple(failure_view(row) for row in rows[:limit]),
            next_cursor=str(rows[limit - 1].id) if more else None,
        )

    def transcript(self, video_id: str) -> Transcript:
        """Everything that is said in a video, with times.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: its transcript was never made.
        """
        return self._document(video_id, "transcript", Transcript)

    def corrected_transcript(self, video_id: str) -> Transcript:
        """The same with the words as people corrected them for the whole video.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: its transcript was never made.
        """
        said = self.transcript(video_id)
        return with_corrections(said, self.engine.edits(video_id).words)

    def transcript_text(self, video_id: str, form: str) -> str:
        """Everything that is said in a video, as a file: `srt`, `vtt`, or `txt` with a sentence
        on a line.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: its transcript was never made.
            Misconfigured: there is no such form.
        """
        if form not in ("srt", "vtt", "txt"):
            raise Refused(f"form: srt, vtt or txt, not {form!r}")
        said = self.transcript(video_id)
        if form == "txt":
            return "".join(f"{sentence.text}\n" for sentence in said.sentences)
        manifest = self.engine.manifest(video_id, "transcript")
        data = None
        if manifest is not None and manifest.has(f"transcript.{form}"):
            data = self.engine.store.get_bytes(manifest.file(f"transcript.{form}").key)
        if data is None:
            raise NotReady(f"{video_id}: its transcript is not stored as {form} any more")
        return data.decode()

    def chapters_text(self, video_id: str) -> str:
        """What is talked about when, as chapters in WebVTT.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: its topics were never made.
        """
        return chapters_vtt(self._document(video_id, "topics", Content).topics)

    def layout(self, video_id: str) -> Layout:
        """What a video shows where: cameras, slides, shots.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: its layout was never made.
        """
        return self._document(video_id, "layout", Layout)

    def channel_of(self, video_id: str) -> str:
        """Whose a video is.

        Raises:
            UnknownVideo: there is none of this id.
        """
        return self._row(video_id).channel

    def failure_channel(self, number: int) -> str:
        """Whose a failure is that is not resolved.

        Raises:
            UnknownFailure: there is none of this number, or it is resolved.
        """
        row = self.engine.catalog.failures.get(number)
        if row is None or row.state == FailureState.RESOLVED:
            raise UnknownFailure([number])
        return row.channel

    def totals(self) -> Totals:
        """How many videos there are, and what waits."""
        catalog = self.engine.catalog
        due, later = catalog.requests.count()
        return Totals(
            videos=catalog.count_videos(),
            requests_due=due,
            requests_later=later,
            uploads_pending=catalog.inbox.count(),
        )

    def results(self, video_id: str) -> Results:
        """What became of a video, as in `results.json`, whoever processed it.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: a stage that the results need was never run.
        """
        self._row(video_id)
        try:
            return stored_results(self.engine, video_id).results
        except FileNotFoundError as error:
            raise NotReady(f"{video_id}: {error.strerror or error}. Run the video again") from error

    def deliver(self, video_id: str, folder: Path) -> Results:
        """Put the clips of a video into a folder, with `results.json`.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: there are no results, or their files are no longer stored.
            Misconfigured: a link in the folder leads out of it.
        """
        self._row(video_id)
        return deliver(self.engine, video_id, Path(folder))

    def links(
        self, video_id: str, *, platforms: Collection[str] = (), expires_s: int = 24 * 3600
    ) -> tuple[ExportLink, ...]:
        """Where the exports of a video can be fetched for a while, best clips first.

        Raises:
            UnknownVideo: there is none of this id.
            Misconfigured: the time is none that a link can have.
        """
        self._row(video_id)
        if not 1 <= expires_s <= _WEEK_S:
            raise Refused(f"expires_s: from 1 to {_WEEK_S} (a week), not {expires_s}")
        catalog = self.engine.catalog
        clips = {c.clip_id: (c.rank, c.title) for c in catalog.clips(video_id)}
        rows = [e for e in catalog.exports(video_id) if not platforms or e.platform in platforms]
        found = [
            ExportLink(
                clip_id=row.clip_id,
                rank=clips.get(row.clip_id, (0, ""))[0],
                title=clips.get(row.clip_id, (0, ""))[1],
                platform=row.platform,
                url=self.engine.link(row.key, expires_s=expires_s),
            )
            for row in rows
        ]
        return tuple(sorted(found, key=lambda link: (link.rank, link.platform)))

    def served_links(
        self, video_id: str, *, platforms: Collection[str] = (), expires_s: int = 24 * 3600
    ) -> tuple[ExportLink, ...]:
        """The same for whoever reaches `vidpipe serve` and not a folder of this machine.

        Raises:
            UnknownVideo: there is none of this id.
            Misconfigured: the time is none that a link can have.
        """
        found = self.links(video_id, platforms=platforms, expires_s=expires_s)
        if not self.engine.store.is_local or self.engine.settings.cdn_url:
            return found
        keys = {(e.clip_id, e.platform): e.key for e in self.engine.catalog.exports(video_id)}
        return tuple(
            link.model_copy(
                update={"url": self.engine.page_link(keys[(link.clip_id, link.platform)])}
            )
            for link in found
            if (link.clip_id, link.platform) in keys
        )

    def processing(self) -> Processing:
        """Whether what is due is taken, and by whom."""
        return processing_of(self.engine)

    def check_catalog(self) -> None:
        """Whether the catalog answers.

        Raises:
            Unavailable: it does not.
            Misconfigured: its schema is none that this version knows.
        """
        problem = self.engine.catalog.schema_problem()
        if problem is not None:
            raise Misconfigured(problem)

    def check_store(self) -> None:
        """Whether the store answers.

        Raises:
            Unavailable: it does not.
        """
        self.engine.store.head(".check/ready")

    def failures(
        self,
        *,
        cause: str | None = None,
        channel: str | None = None,
        subject: str | None = None,
        given_up: bool | None = None,
    ) -> tuple[FailureView, ...]:
        """What failed and is not resolved, the newest first.

        Args:
            cause: only of this one.
            channel: only of this one.
            subject: only of this video or upload.
            given_up: only what is given up, or only what is tried again by itself.
        """
        rows = self.engine.catalog.failures.living(
            _failure_state(given_up), cause=cause, channel=channel, subject=subject
        )
        return tuple(failure_view(row) for row in rows)

    def _document(self, video_id: str, artifact: str, model: type[Model]) -> Model:
        self._row(video_id)
        manifest = self.engine.manifest(video_id, artifact)
        if manifest is None:
            raise NotReady(f"{video_id} has no {artifact} yet: it was never made")
        try:
            return self.engine.artifacts.document(manifest, model)
        except FileNotFoundError as error:
            raise NotReady(f"{video_id}: its {artifact} is not stored any more") from error

    def _row(self, video_id: str) -> Video:
        row = self.engine.catalog.video(video_id)
        if row is None:
            raise UnknownVideo(video_id)
        return row


def _failure_state(given_up: bool | None) -> FailureState | None:
    if given_up is None:
        return None
    return FailureState.DEAD if given_up else FailureState.WAITING
