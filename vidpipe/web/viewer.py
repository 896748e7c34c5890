"""Whoever looks at pages, as they are known where a login is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Scope

_PLACE = "vidpipe.viewer"


@dataclass(frozen=True)
class Viewer:
    """Whoever looks.

    Attributes:
        name: an e-mail address; empty where nobody logged in.
        channels: the channels that they see; None: every one, and the reports over all.
    """

    name: str = ""
    channels: frozenset[str] | None = None

    def sees(self, channel: str) -> bool:
        """Whether pages of this channel are shown to them."""
        return self.channels is None or channel in self.channels


def set_viewer(scope: Scope, viewer: Viewer) -> None:
    """Say who sends a request."""
    scope[_PLACE] = viewer


def viewer_of(scope: Scope) -> Viewer:
    """Who sends a request; on this machine whoever it is sees everything."""
    found: Viewer = scope.get(_PLACE, Viewer())
    return found
