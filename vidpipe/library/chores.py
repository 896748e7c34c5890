"""Which background chores there are: `vidpipe serve` runs them, and `vidpipe worker`."""

from __future__ import annotations

import vidpipe
from vidpipe.accounts.mail import mailer
from vidpipe.library.edit_runs import have_worked_off
from vidpipe.library.library import Library
from vidpipe.webhooks.dispatch import Dispatcher, Surroundings
from vidpipe.worker import Chore, stopping


def chores(library: Library) -> tuple[Chore, ...]:
    """The chores of a library, each safe beside the same in other processes."""
    engine = library.engine
    settings = engine.settings

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
        return have_worked_off(engine, stopping)

    here = settings.service.renders_edits
    if here is None:
        # Where there are several machines others have what rendering takes.
        here = engine.catalog.embedded
    rendering = (Chore("edits", 0.5, edits),) if here else ()
    fetching = range(settings.downloads.per_process)
    webhooks = Dispatcher(engine.catalog.webhooks, around)

    def stale_uploads() -> bool:
        """End uploads of which nothing came; whether there may be more."""
        return library.upload_sessions.clean_up().expired > 0

    def changed_days() -> None:
        engine.catalog.analytics.refresh()

    def unused_assets() -> None:
        library.assets.clean_up()

    return (
        Chore("webhook events", 1.0, webhooks.fan_out),
        Chore("webhook deliveries", 1.0, webhooks.deliver),
        Chore("webhook retention", 3600.0, webhooks.tidy),
        Chore("analytics", 60.0, changed_days),
        *rendering,
        Chore("stale uploads", 300.0, stale_uploads),
        Chore("unused assets", 3600.0, unused_assets),
        *(Chore(f"download {number + 1}", 2.0, fetch) for number in fetching),
    )
