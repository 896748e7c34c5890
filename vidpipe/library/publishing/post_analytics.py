"""How posts did beside each other, and by what the clips were chosen that were seen most."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from pydantic import Field

from vidpipe.catalog.post_figures import ReadPost
from vidpipe.catalog.publishing_tables import PostFiguresRow
from vidpipe.library.errors import Refused
from vidpipe.library.publishing.figures import DayFigures, day_figures
from vidpipe.library.publishing.ranking import standing, together
from vidpipe.library.views import LibraryView
from vidpipe.pipeline.engine import Engine

#: By what clips are chosen.
FACTORS = ("score", "hook", "self_contained", "payoff", "closure")
#: Different clips under which nothing is said of a factor: of fewer, a rank correlation of 0.4
#: comes about by chance once in twelve times or more often.
LEAST_CLIPS = 20
#: Posts of an account under which they are not compared: one is always the most seen of few.
LEAST_OF_ACCOUNT = 5
#: The ages at which views can be compared, in days, and how far readings may lie from them.
LEAST_AGE, MOST_AGE = 1, 180
_APART = timedelta(days=3)
USUAL_DAYS, MOST_DAYS = 365, 1100
#: Posts that are looked at, the newest first, and that are shown.
MOST_POSTS = 5000


class FactorSays(StrEnum):
    """What a factor's correlation with views says.

    Attributes:
        WITH: clips with more of it were seen more.
        AGAINST: clips with more of it were seen less.
        UNDECIDED: it cannot be told apart from chance.
        TOO_FEW: there are too few posts to say.
        NO_DIFFERENCE: all clips have the same of it, or all were seen alike.
    """

    WITH = "with_views"
    AGAINST = "against_views"
    UNDECIDED = "undecided"
    TOO_FEW = "too_few"
    NO_DIFFERENCE = "no_difference"


class FactorFigures(LibraryView):
    """Whether clips with more of a factor were seen more."""

    factor: str = Field(description="score, hook, self_contained, payoff or closure")
    correlation: float | None = Field(
        description="of ranks (Spearman), -1 to 1, posts compared within their account; none: "
        "too few posts, or no difference"
    )
    low: float | None = Field(description="95 of 100 such measurements have the truth above")
    high: float | None = Field(description="and below")
    posts: int = Field(description="that were compared")
    clips: int = Field(description="different ones among them")
    says: FactorSays
    words: str = Field(description="the same in words")


class PlatformFigures(LibraryView):
    """How posts to one platform did, by their newest figures."""

    platform: str
    posts: int = Field(description="that were posted in this time")
    counted: int = Field(description="of which figures were read")
    views: int | None = Field(description="in all; none: the platform does not say")
    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    watch_s: float | None
    views_at_age: float | None = Field(description="the middle one of those of this age")


class ComparedPost(LibraryView):
    """A post, by what its clip was chosen, and how it did."""

    post_id: str
    channel: str
    platform: str
    account_id: str
    account_name: str
    video_id: str
    clip_id: str
    title: str
    url: str
    posted_at: datetime
    score: float
    factors: Mapping[str, float] = Field(description="0 to 100; empty where not known any more")
    views_at_age: int | None = Field(
        description="at the age that is compared, between two readings; none: not known, or younger"
    )
    figures: DayFigures | None = Field(description="the newest")


class PostAnalytics(LibraryView):
    """How posts did, and which factors of the score went with views."""

    first: date
    last: date
    age_days: int = Field(description="views are compared when posts were so old")
    least_clips: int = Field(description="different clips under which nothing is said of factors")
    factors: tuple[FactorFigures, ...]
    platforms: tuple[PlatformFigures, ...]
    posts: tuple[ComparedPost, ...] = Field(description="the newest first, as many as asked for")
    total: int = Field(description="posts that were looked at")


@dataclass(frozen=True)
class _Compared:
    read: ReadPost
    views: int | None
    newest: PostFiguresRow | None


class PostStatistics:
    """Compares posts."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def of(
        self,
        channels: Collection[str],
        first: date | None = None,
        last: date | None = None,
        *,
        age_days: int = 7,
        platform: str | None = None,
        limit: int = 100,
    ) -> PostAnalytics:
        """How posts of these channels did.

        Args:
            channels: only of these.
            first: day of posting (UTC); by default 364 days before the last.
            last: day of posting; by default today.
            age_days: the age at which views are compared.
            platform: only posts to this one.
            limit: posts that are shown.

        Raises:
            Refused: the last day comes before the first, or there are too many between.
        """
        last = last or datetime.now(UTC).date()
        if first is None:
            first = last - min(timedelta(days=USUAL_DAYS - 1), last - date.min)
        count = (last - first).days + 1
        if not 1 <= count <= MOST_DAYS:
            raise Refused(f"from, to: 1 to {MOST_DAYS} days, not {count}")
        if not LEAST_AGE <= age_days <= MOST_AGE:
            raise Refused(f"age_days: {LEAST_AGE} to {MOST_AGE}, not {age_days}")
        found = self._found(channels, first, last, timedelta(days=age_days), platform)
        return PostAnalytics(
            first=first,
            last=last,
            age_days=age_days,
            least_clips=LEAST_CLIPS,
            factors=tuple(_factor(name, found) for name in FACTORS),
            platforms=_platforms(found),
            posts=tuple(_shown(one) for one in found[:limit]),
            total=len(found),
        )

    def _found(
        self,
        channels: Collection[str],
        first: date,
        last: date,
        age: timedelta,
        platform: str | None,
    ) -> list[_Compared]:
        rows = self.engine.catalog.post_figures
        since = datetime.combine(first, time(), UTC)
        # One day before the end of time there is none after it.
        until = datetime.combine(last, time.max, UTC)
        with self.engine.catalog.together():
            posts = rows.posted(channels, since, until, platform, MOST_POSTS)
            ids = [one.post.post_id for one in posts]
            near, newest = rows.around(ids, age, _APART), rows.latest(ids)
        return [
            _Compared(
                one,
                views_at(near.get(one.post.post_id, ()), age),
                newest.get(one.post.post_id),
            )
            for one in posts
        ]


def views_at(near: Sequence[tuple[int, int]], age: timedelta) -> int | None:
    """The views of a post at an age, between the two readings around it; None: not known.

    Args:
        near: seconds and views of readings near that age, the youngest first.
        age: which.
    """
    wanted = age.total_seconds()
    before = [one for one in near if one[0] <= wanted]
    after = [one for one in near if one[0] >= wanted]
    if not after:
        return None
    if not before:
        # As it was posted, nobody had seen it.
        if age > _APART:
            return None
        before = [(0, 0)]
    (young, few), (old, many) = before[-1], after[0]
    if old == young:
        return many
    return round(few + (many - few) * (wanted - young) / (old - young))


def _factor(name: str, found: Sequence[_Compared]) -> FactorFigures:
    """One factor, posts compared within their account: what is much on one is little on another."""
    own: defaultdict[str, list[tuple[float, float, tuple[str, str]]]] = defaultdict(list)
    for one in found:
        value = (one.read.factors or {}).get(name)
        if value is not None and one.views is not None:
            post = one.read.post
            clip = (post.video_id, post.clip_id)
            own[post.account_id].append((value, float(one.views), clip))
    values: list[float] = []
    views: list[float] = []
    clips: set[tuple[str, str]] = set()
    for posts in own.values():
        if len(posts) >= LEAST_OF_ACCOUNT:
            values += standing([value for value, _, _ in posts])
            views += standing([seen for _, seen, _ in posts])
            clips |= {clip for _, _, clip in posts}
    counts = {"posts": len(values), "clips": len(clips)}
    if len(clips) < LEAST_CLIPS:
        return _said(name, FactorSays.TOO_FEW, **counts)
    # Posts of one clip to several accounts are no independent measurements.
    measured = together(values, views, len(clips))
    if measured is None:
        return _said(name, FactorSays.NO_DIFFERENCE, **counts)
    says = FactorSays.UNDECIDED
    if measured.low > 0:
        says = FactorSays.WITH
    elif measured.high < 0:
        says = FactorSays.AGAINST
    figures = [round(n, 3) for n in (measured.value, measured.low, measured.high)]
    return _said(name, says, *figures, **counts)


def _said(
    name: str,
    says: FactorSays,
    correlation: float | None = None,
    low: float | None = None,
    high: float | None = None,
    *,
    posts: int,
    clips: int,
) -> FactorFigures:
    words = {
        FactorSays.WITH: f"Clips with more of it were seen more, in {posts} posts.",
        FactorSays.AGAINST: f"Clips with more of it were seen less, in {posts} posts.",
        FactorSays.UNDECIDED: f"In {posts} posts this cannot be told apart from chance.",
        FactorSays.TOO_FEW: (
            f"Too few posts to say: {clips} clips can be compared, and {LEAST_CLIPS} are needed, "
            f"in accounts with {LEAST_OF_ACCOUNT} posts or more."
        ),
        FactorSays.NO_DIFFERENCE: "All these posts have the same of it, or were seen alike.",
    }[says]
    return FactorFigures(
        factor=name, correlation=correlation, low=low, high=high, posts=posts, clips=clips,
        says=says, words=words,
    )  # fmt: skip


def _platforms(found: Sequence[_Compared]) -> tuple[PlatformFigures, ...]:
    own: defaultdict[str, list[_Compared]] = defaultdict(list)
    for one in found:
        own[one.read.post.platform].append(one)
    return tuple(_platform(name, own[name]) for name in sorted(own))


def _platform(name: str, posts: Sequence[_Compared]) -> PlatformFigures:
    newest = [one.newest for one in posts if one.newest is not None]
    at_age = [one.views for one in posts if one.views is not None]
    watched = [row.watch_s for row in newest if row.watch_s is not None]
    return PlatformFigures(
        platform=name,
        posts=len(posts),
        counted=len(newest),
        views=_sum(row.views for row in newest),
        likes=_sum(row.likes for row in newest),
        comments=_sum(row.comments for row in newest),
        shares=_sum(row.shares for row in newest),
        saves=_sum(row.saves for row in newest),
        watch_s=round(sum(watched), 1) if watched else None,
        views_at_age=statistics.median(at_age) if at_age else None,
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    said = [count for count in counts if count is not None]
    return sum(said) if said else None


def _shown(one: _Compared) -> ComparedPost:
    post = one.read.post
    factors = {k: v for k, v in (one.read.factors or {}).items() if k != "score"}
    return ComparedPost(
        post_id=post.post_id,
        channel=post.channel,
        platform=post.platform,
        account_id=post.account_id,
        account_name=one.read.account_name,
        video_id=post.video_id,
        clip_id=post.clip_id,
        title=post.title,
        url=post.url,
        posted_at=post.posted_at or post.created_at,
        score=post.score,
        factors=factors,
        views_at_age=one.views,
        figures=day_figures(one.newest) if one.newest is not None else None,
    )
