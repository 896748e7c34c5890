"""Everything that can be asked of a library of videos, and done with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from vidpipe.catalog.requests import Cause
from vidpipe.catalog.states import WrongState
from vidpipe.catalog.tables import Video
from vidpipe.channels.model import channel_named
from vidpipe.errors import Misconfigured
from vidpipe.library import processing
from vidpipe.library.assets import Assets
from vidpipe.library.costs import Spending
from vidpipe.library.downloads import Downloads
from vidpipe.library.edits import Edits
from vidpipe.library.errors import Refused, UnknownFailure
from vidpipe.library.events import Events
from vidpipe.library.gate_settings import GateSettings
from vidpipe.library.jobs import Jobs
from vidpipe.library.outputs import Outputs
from vidpipe.library.overview import StatusOverview
from vidpipe.library.player import Player
from vidpipe.library.processing import Processed, Reporter, Submission
from vidpipe.library.projects import Projects
from vidpipe.library.proxies import Proxies
from vidpipe.library.publishing.accounts import SocialAccounts
from vidpipe.library.publishing.figures import FiguresOfPosts
from vidpipe.library.publishing.post_analytics import PostStatistics
from vidpipe.library.publishing.posts import SocialPosts
from vidpipe.library.publishing.schedule import Schedule
from vidpipe.library.reviews import Reviews
from vidpipe.library.searching import Searching
from vidpipe.library.shelf import Shelf
from vidpipe.library.slack_reviews import SlackReviews
from vidpipe.library.statistics import Statistics
from vidpipe.library.telling import Telling
from vidpipe.library.uploads import UploadSessions
from vidpipe.library.webhooks import Webhooks
from vidpipe.operations import retention, stale
from vidpipe.operations.recovery import incomplete, requeue
from vidpipe.operations.retention import RemovalPlan
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.planning import Plan, plan
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.results.model import Results
from vidpipe.settings import Settings, load_settings

#: Characters of the reason of a hold.
_REASON = 400


@dataclass(frozen=True)
class StaleVideos:
    """What a run would rebuild, over the whole library.

    Attributes:
        plans: of the videos of which anything is stale.
        planned: how many were looked at.
        unplanned: why some could not be, by video id.
    """

    plans: tuple[Plan, ...]
    planned: int
    unplanned: dict[str, str]


class Library(Shelf):
    """A store, a catalog and the channels, as whoever uses vidpipe sees them.

    Prints nothing, knows no orchestrator, and gives frozen values, never rows of the
    database. The command line, the pages, Dagster's jobs and programs use the same methods.
    """

    @cached_property
    def jobs(self) -> Jobs:
        """What was asked for, as programs ask for it."""
        return Jobs(self.engine)

    @cached_property
    def downloads(self) -> Downloads:
        """Fetching what jobs have fetched from links."""
        return Downloads(self.engine)

    @cached_property
    def projects(self) -> Projects:
        """Campaigns, courses, clients: jobs that belong together."""
        return Projects(self.engine)

    @cached_property
    def overview(self) -> StatusOverview:
        """What goes on."""
        return StatusOverview(self.engine)

    @cached_property
    def telling(self) -> Telling:
        """Telling people of what goes wrong."""
        return Telling(self.engine)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Who is notified of what happens."""
        return Webhooks(self.engine)

    @cached_property
    def events(self) -> Events:
        """What happened, and how far what goes on is."""
        return Events(self.engine)

    @cached_property
    def outputs(self) -> Outputs:
        """What was made of videos: clips, exports, texts of posts."""
        return Outputs(self.engine)

    @cached_property
    def gate_settings(self) -> GateSettings:
        """When channels ask somebody, and whom."""
        return GateSettings(self.engine)

    @cached_property
    def reviews(self) -> Reviews:
        """Who approved, rejected or changed what."""
        return Reviews(self.engine)

    @cached_property
    def posts(self) -> SocialPosts:
        """Clips on their way to accounts at platforms, or there."""
        return SocialPosts(
            self.engine,
            self.reviews,
            self.social_accounts,
            self.schedule,
            lambda: self.webhooks.vault,
        )

    @cached_property
    def schedule(self) -> Schedule:
        """Which post goes out when."""
        return Schedule(self.engine)

    @cached_property
    def slack(self) -> SlackReviews:
        """Approving and rejecting from Slack."""
        return SlackReviews(self.engine, self.reviews)

    @cached_property
    def edits(self) -> Edits:
        """What people decide of videos and their clips."""
        return Edits(self.engine, on_saved=self.reviews.edited)

    @cached_property
    def player(self) -> Player:
        """Timelines, waveforms, archives, lists for other editors."""
        return Player(self.engine)

    @cached_property
    def proxies(self) -> Proxies:
        """What browsers play of recordings."""
        return Proxies(self.engine)

    @cached_property
    def search(self) -> Searching:
        """What is said in videos, found by its words."""
        return Searching(self.engine)

    @cached_property
    def statistics(self) -> Statistics:
        """What was done on which day."""
        return Statistics(self.engine)

    @cached_property
    def post_figures(self) -> FiguresOfPosts:
        """How posts are doing."""
        return FiguresOfPosts(self.engine)

    @cached_property
    def post_statistics(self) -> PostStatistics:
        """How posts did beside each other."""
        return PostStatistics(self.engine)

    @cached_property
    def spending(self) -> Spending:
        """What things cost, and what may be spent."""
        return Spending(self.engine)

    @cached_property
    def social_accounts(self) -> SocialAccounts:
        """Accounts at platforms that channels post to."""
        return SocialAccounts(self.engine, lambda: self.webhooks.vault)

    @cached_property
    def upload_sessions(self) -> UploadSessions:
        """Files on their way into the drop folder."""
        return UploadSessions(self.engine)

    @cached_property
    def assets(self) -> Assets:
        """Logos, pictures and music of channels."""
        return Assets(self.engine)

    @classmethod
    def open(cls, settings: Settings | None = None) -> Self:
        """The library that the settings lead to, by default those of the environment.

        Raises:
            Misconfigured: settings or channels.yaml; every problem at once.
        """
        return cls(Engine(settings or load_settings()))

    # Taking in and processing

    def submit(
        self, file: Path, *, channel: str = "default", transcript: Path | None = None
    ) -> Submission:
        """Take a file in; whoever runs the orchestrator over this library processes it.

        Args:
            file: a recording; sidecars beside it are taken, too.
            channel: one of channels.yaml.
            transcript: in place of the transcripts that lie beside it.

        Raises:
            Misconfigured: there is no such file or channel.
            InputRejected: it is none that can be processed; a copy is in quarantine.
        """
        channel_named(self.engine.channels, channel)
        return processing.submit(self.engine, Path(file), channel, transcript)

    def process(
        self,
        file: Path,
        folder: Path | None = None,
        *,
        channel: str = "default",
        transcript: Path | None = None,
        options: RunOptions | None = None,
        reporter: Reporter = lambda _: lambda __, ___: None,
    ) -> Processed:
        """Take a file in and run every stage in this process.

        Args:
            file: a recording; sidecars beside it are taken, too.
            folder: where its clips are put; none: they stay in the store.
            channel: one of channels.yaml.
            transcript: in place of the transcripts that lie beside it.
            options: of this run.
            reporter: gives, for a stage that begins, what is told how far it is (0 to 1).

        Raises:
            VidpipeError: see the kinds in `vidpipe.errors`; nothing is written into the folder.
        """
        channel_named(self.engine.channels, channel)
        return processing.process(
            self.engine,
            Path(file),
            Path(folder) if folder is not None else None,
            channel=channel,
            transcript=transcript,
            options=options or RunOptions(),
            reporter=reporter,
        )

    # Planning and asking for runs

    def plan(self, video_id: str) -> Plan:
        """What a run would rebuild of a video, stage by stage, and why. Makes nothing.

        Raises:
            UnknownVideo: there is none of this id.
        """
        self._row(video_id)
        return plan(self.engine, video_id)

    def stale(self, *, channel: str | None = None, video_ids: Collection[str] = ()) -> StaleVideos:
        """The same of every finished video, or of these."""
        plans, unplanned = stale.plans(self.engine, channel=channel, only=video_ids)
        return StaleVideos(tuple(p for p in plans if p.stale), len(plans), unplanned)

    def request(self, video_id: str, *, stages: Sequence[str] | None = None) -> bool:
        """Ask for a run of a video; whether that was not asked for already.

        Args:
            video_id: of a video that is not retired.
            stages: only these; none: all of them.

        Raises:
            UnknownVideo: there is none of this id.
            Misconfigured: it is retired, its channel is gone, or a stage is none of its.
        """
        row = self._row(video_id)
        if row.state == "retired":
            raise WrongState(f"{video_id} is retired; drop its file again to revive it")
        channel = channel_named(self.engine.channels, row.channel)
        known = self.engine.pipeline.names(tuple(channel.presets))
        unknown = sorted(set(stages or ()) - set(known))
        if unknown:
            raise Refused(f"unknown stage {', '.join(unknown)}; there are: {', '.join(known)}")
        return self.engine.catalog.requests.add([video_id], Cause.MANUAL, stages=stages) > 0

    def request_stale(self, plans: Iterable[Plan]) -> int:
        """Ask for runs of exactly what is stale, behind every fresh upload; of how many videos."""
        wanted = [p for p in plans if p.stale]
        for item in wanted:
            self.engine.catalog.requests.add([item.video_id], Cause.STALE, stages=item.stages)
        return len(wanted)

    def request_incomplete(self, at_work: Collection[str] = ()) -> tuple[str, ...]:
        """Ask again for videos that a run left without an end; which these are.

        Args:
            at_work: videos that the orchestrator's runs have; those whose process is alive are
                known here.
        """
        found = incomplete(self.engine.catalog, at_work)
        if found:
            self.engine.catalog.requests.add(found, Cause.RETRY)
        return tuple(found)

    def retry(self, failures: Collection[int]) -> int:
        """Try these failures again from the beginning, at once; how many.

        What was made before they failed is found again and costs nothing.

        Raises:
            UnknownFailure: one of them is not there, or resolved; then none is tried.
        """
        rows = {row.id: row for row in self.engine.catalog.failures.living()}
        missing = set(failures) - set(rows)
        if missing:
            raise UnknownFailure(missing)
        return requeue(self.engine.catalog, [rows[number] for number in dict.fromkeys(failures)])

    # Keeping and removing

    def hold(self, video_id: str, reason: str) -> None:
        """Keep everything of a video from retention and retiring.

        Raises:
            UnknownVideo: there is none of this id.
            Misconfigured: the reason is empty.
        """
        if not 1 <= len(reason.strip()) <= _REASON:
            raise Refused(
                f"give a reason of at most {_REASON} characters: it is shown wherever it matters"
            )
        self._row(video_id)
        self.engine.catalog.hold_video(video_id, reason)

    def release(self, video_id: str) -> None:
        """Let go of a video that was held.

        Raises:
            UnknownVideo: there is none of this id.
        """
        self._row(video_id)
        self.engine.catalog.hold_video(video_id, None)

    def retire(self, video_ids: Sequence[str]) -> dict[str, int]:
        """Remove everything made of videos, and the recordings; how many files of each.

        Raises:
            UnknownVideo: one of them is not there; then none is retired.
            Misconfigured: one is held, or a run works on it; then likewise.
        """
        rows = self._retirable(video_ids)
        return {row.video_id: retention.retire(self.engine, row) for row in rows}

    def check_retirable(self, video_ids: Sequence[str]) -> tuple[str, ...]:
        """These videos, each once, if all of them may be retired; errors as with `retire`."""
        return tuple(row.video_id for row in self._retirable(video_ids))

    def _retirable(self, video_ids: Sequence[str]) -> list[Video]:
        rows = [self._row(video_id) for video_id in dict.fromkeys(video_ids)]
        for row in rows:
            try:
                retention.check_retirable(self.engine, row)
            except Misconfigured as error:
                raise WrongState(error.problems) from error
        return rows

    def plan_removal(
        self, at_work: Collection[str] = (), *, trust_clock: bool = False
    ) -> RemovalPlan:
        """What the channels' retention policies give up, and what they keep and why."""
        return retention.plan_removal(self.engine, at_work, trust_clock=trust_clock)

    def remove(
        self, planned: RemovalPlan, at_work: Callable[[], Collection[str]] = frozenset
    ) -> int:
        """Remove what was planned, except what somebody needs by now; how many objects.

        Args:
            planned: by `plan_removal`.
            at_work: asks again for the videos that the orchestrator's runs have.
        """
        return retention.remove(self.engine, planned, at_work)


def process(
    file: Path | str,
    folder: Path | str | None = None,
    *,
    channel: str = "default",
    transcript: Path | str | None = None,
    options: RunOptions | None = None,
    settings: Settings | None = None,
) -> Results:
    """Make clips of one recording, in this process.

    Args:
        file: a recording; sidecars beside it are used, too.
        folder: where its clips are put, with `results.json`; none: they stay in the store.
        channel: one of channels.yaml.
        transcript: in place of the transcripts that lie beside it.
        options: of this run.
        settings: by default those of the environment.

    Raises:
        VidpipeError: see the kinds in `vidpipe.errors`; nothing is written into the folder.
    """
    made = Library.open(settings).process(
        Path(file),
        Path(folder) if folder is not None else None,
        channel=channel,
        transcript=Path(transcript) if transcript is not None else None,
        options=options,
    )
    return made.results
