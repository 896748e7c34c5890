"""When a channel asks somebody, and whom: what its file says, or what was set in the service."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field
from sqlalchemy.exc import IntegrityError

from vidpipe.accounts.audit import Actor, record
from vidpipe.accounts.model import Action, Principal, Role
from vidpipe.catalog.review_rules import set_rules
from vidpipe.catalog.tables import now
from vidpipe.channels.reviews import Approvers, GateName, ReviewRules
from vidpipe.library.errors import Changed
from vidpipe.library.views import LibraryView
from vidpipe.pipeline.engine import Engine


class GateSettingsView(LibraryView):
    """When a channel asks somebody, and whom."""

    channel: str
    rules: ReviewRules
    is_set: bool = Field(description="set in the service; otherwise `channels.yaml` holds")
    version: int = Field(description="how often it was set; what `ETag` says")
    changed_by: str | None = Field(description="user:…, key:… or local")
    changed_at: datetime | None
    asks_now: dict[GateName, bool] = Field(description="of each gate, whether it asks now")
    waiting: dict[GateName, int] = Field(description="videos that wait at each gate")
    you_decide: bool = Field(description="whether you may approve and reject in it")
    you_change: bool = Field(description="whether you may change these settings")


class GateSettings:
    """Reads and sets when channels ask."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def may_decide(self, who: Principal, channel: str) -> bool:
        """Whether somebody may approve and reject in a channel."""
        found = self.engine.channels.get(channel)
        if found is None or not who.may(Action.DECIDE, found.organisation, channel):
            return False
        if self.engine.review_rules(channel).approvers is Approvers.EDITOR:
            return True
        return who.has(Role.ADMIN, found.organisation, channel)

    def get(self, channel: str, who: Principal) -> GateSettingsView:
        """When a channel asks.

        Args:
            channel: that there is.
            who: is told what they may do.
        """
        row = self.engine.catalog.review_rules.get(channel)
        rules, at = self.engine.review_rules(channel), now()
        organisation = self.engine.channels[channel].organisation
        waiting = self.engine.catalog.reviews.count_waiting(channel)
        return GateSettingsView(
            channel=channel,
            rules=rules,
            is_set=row is not None and row.rules is not None,
            version=row.version if row is not None else 0,
            changed_by=row.changed_by if row is not None else None,
            changed_at=row.changed_at if row is not None else None,
            asks_now={gate: rules.asks(gate, at) for gate in GateName},
            waiting={gate: waiting.get(gate, 0) for gate in GateName},
            you_decide=self.may_decide(who, channel),
            you_change=who.may(Action.CONFIGURE, organisation, channel),
        )

    def set(
        self,
        channel: str,
        rules: ReviewRules | None,
        who: Principal,
        *,
        version: int | None,
        audit: Actor,
    ) -> GateSettingsView:
        """Set when a channel asks, from now on; what waits already waits on.

        Args:
            channel: that there is.
            rules: that hold from now on; None: those of `channels.yaml`.
            who: sets them.
            version: that they read; None: whatever is there.
            audit: whom the audit log is to name.

        Raises:
            Changed: somebody set it since.
        """
        file = self.engine.channels[channel].review.model_dump(mode="json")
        given = rules.model_dump(mode="json") if rules is not None else None
        with self.engine.catalog.writing() as session:
            try:
                replaced = set_rules(session, channel, given, version=version, by=who.id)
            except IntegrityError as error:
                # Two set it for the first time at once.
                raise Changed(f"the gates of {channel}") from error
            if replaced is None:
                raise Changed(f"the gates of {channel}")
            record(
                session,
                audit,
                "gates.set" if rules is not None else "gates.reset",
                f"channels/{channel}/gates",
                organisation=self.engine.channels[channel].organisation,
                before=replaced.rules if replaced.rules is not None else file,
                after=given if given is not None else file,
            )
        return self.get(channel, who)
