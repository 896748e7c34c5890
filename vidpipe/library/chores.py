"""Which background chores there are: `vidpipe serve` runs them, and `vidpipe worker`."""

from __future__ import annotations

import vidpipe
from vidpipe.accounts.mail import mailer
from vidpipe.catalog.processes import BEAT_S, WORKER, Presence
from vidpipe.catalog.requests import Cause
from vidpipe.library.edit_runs import have_worked_off
from vidpipe.library.library import Library
from vidpipe.library.processor import Processor
from vidpipe.library.publishing.driver import PostDriver, posting_client
from vidpipe.library.publishing.figures import FigureReader, factors_of
from vidpipe.webhooks.dispatch import Dispatcher, Surroundings
from vidpipe.worker import Chore, stopping


def processing(library: Library, process: bool | None = None) -> tuple[Chore, ...]:
    """The chores that process what is due, where that is switched on.

    Args:
        library: whose work it is.
        process: whether it is; None: as VIDPIPE_SERVICE__PROCESS says.
    """
    on = library.engine.settings.service.process if process is None else process
    return Processor(library).chores() if on else ()


def chores(library: Library, process: bool | None = None) -> tuple[Chore, ...]:
    """The chores of a library, each safe beside the same in other processes.

    Args:
        library: of which they are.
        process: whether what is due is processed; None: as VIDPIPE_SERVICE__PROCESS says.
    """
    engine = library.engine
    settings = engine.settings
    working = processing(library, process)

    def organisation_of(channel: str) -> str | None:
        found = engine.channels.get(channel)
        return found.organisation if found is not None else None

    around = Surroundings(
        options=settings.webhooks,
        vault=lambda: library.webhooks.vault,
        organisation_of=organisation_of,
        public_url=settings.public_url,
        mailer=mailer(settings.accounts.mail),
        agent=f"vidpipe/{vidpipe.__version__}",
    )

    def fetch() -> bool:
        return library.downloads.work_off_one(stop=stopping) is not None

    def edits() -> bool:
        """Make clips that somebody changed and waits for."""
        return have_worked_off(engine, stopping, Cause.EDIT)

    def approved() -> bool:
        """Go on with what somebody approved of, where nothing else does."""
        return have_worked_off(engine, stopping, Cause.REVIEW)

    here = settings.service.renders_edits
    if here is None:
        # Where there are several machines others have what rendering takes.
        here = engine.catalog.embedded
    rendering: tuple[Chore, ...] = (Chore("edits", 0.5, edits),) if here else ()
    if here and not working:
        rendering = (*rendering, Chore("approved", 5.0, approved))
    fetching = range(settings.downloads.per_process)
    webhooks = Dispatcher(engine.catalog.webhooks, around)

    def stale_uploads() -> bool:
        """End uploads of which nothing came; whether there may be more."""
        return library.upload_sessions.clean_up().expired > 0

    def changed_days() -> None:
        engine.catalog.analytics.refresh()

    def unused_assets() -> None:
        library.assets.clean_up()

    def old_events() -> bool:
        """Remove events that nobody can ask for any more; whether there is more."""
        return library.events.remove_old()

    def lost_calls() -> None:
        """Book calls that nobody settled: whoever made them is gone."""
        engine.accountant.expire()

    # Where nobody asks for a process of its own, this one is a worker beside what it serves.
    presence = Presence(engine.catalog, WORKER)
    telling = library.telling
    driver = PostDriver(library.posts)
    figures = FigureReader(
        engine,
        library.posts,
        library.social_accounts,
        factors_of(library.results),
        posting_client,
        stop=stopping,
    )

    return (
        Chore("heartbeat", BEAT_S, presence.beat, ended=presence.leave),
        Chore("watch", 30.0, telling.look),
        Chore("notices", 2.0, telling.notifier.give),
        Chore("notifications", 2.0, telling.notifier.send),
        Chore("notification retention", 3600.0, telling.notifier.tidy),
        Chore("webhook events", 1.0, webhooks.fan_out),
        Chore("webhook deliveries", 1.0, webhooks.deliver),
        Chore("webhook retention", 3600.0, webhooks.tidy),
        Chore("event retention", 3600.0, old_events),
        Chore("analytics", 60.0, changed_days),
        Chore("tokens of accounts", 15.0, library.social_accounts.renew_due),
        Chore("secrets of accounts", 3600.0, library.social_accounts.tidy),
        Chore("estimates of jobs", 5.0, library.spending.estimate_jobs),
        Chore("calls that nobody settled", 60.0, lost_calls),
        Chore("posts", 1.0, driver.work),
        Chore("secrets of posts", 3600.0, library.posts.reseal),
        Chore("schedule", 15.0, library.schedule.tend),
        Chore("figures", 60.0, figures.read_due),
        *rendering,
        *working,
        Chore("stale uploads", 300.0, stale_uploads),
        Chore("unused assets", 3600.0, unused_assets),
        *([Chore("slack reviews", 2.0, library.slack.tell_one)] if settings.slack.sends else ()),
        *(Chore(f"download {number + 1}", 2.0, fetch) for number in fetching),
    )
