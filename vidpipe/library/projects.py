"""Projects: campaigns, courses, clients; jobs of one channel that belong together."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from vidpipe.catalog.tables import ProjectRow
from vidpipe.channels.model import channel_named
from vidpipe.library.errors import Changed, NameTaken, UnknownProject
from vidpipe.library.reading import PAGE, check_limit, cursor_after, place_of
from vidpipe.library.views import Page, ProjectView
from vidpipe.pipeline.engine import Engine


class Projects:
    """Creates and changes projects."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def create(self, channel: str, name: str, description: str = "") -> ProjectView:
        """Create a project.

        Raises:
            Misconfigured: there is no such channel.
            NameTaken: the channel has one of this name.
        """
        channel_named(self.engine.channels, channel)
        row = ProjectRow(
            project_id=f"project-{uuid.uuid4().hex[:20]}",
            channel=channel,
            name=name,
            description=description,
            archived=False,
            revision=1,
        )
        if not self.engine.catalog.projects.add(row):
            raise NameTaken(name, channel)
        return _view(row)

    def get(self, project_id: str) -> ProjectView:
        """One project.

        Raises:
            UnknownProject: there is none of this id.
        """
        row = self.engine.catalog.projects.get(project_id)
        if row is None:
            raise UnknownProject(project_id)
        return _view(row)

    def list(
        self,
        *,
        channels: Collection[str],
        archived: bool | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[ProjectView]:
        """A page of projects, the newest first.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        rows = self.engine.catalog.projects.page(
            limit + 1,
            channels=channels,
            archived=archived,
            after=place_of(cursor) if cursor else None,
        )
        shown = rows[:limit]
        more = len(rows) > limit
        return Page(
            items=tuple(_view(row) for row in shown),
            next_cursor=cursor_after(shown[-1].created_at, shown[-1].project_id) if more else None,
        )

    def change(
        self,
        project_id: str,
        *,
        revision: int,
        name: str | None = None,
        description: str | None = None,
        archived: bool | None = None,
    ) -> ProjectView:
        """Change what is given of a project that is still at this revision.

        Raises:
            UnknownProject: there is none of this id.
            Changed: somebody changed it since.
            NameTaken: its channel has another of this name.
        """
        before = self.get(project_id)
        given = {"name": name, "description": description, "archived": archived}
        values = {key: value for key, value in given.items() if value is not None}
        done = self.engine.catalog.projects.change(project_id, revision, values)
        if done is None:
            raise NameTaken(name or before.name, before.channel)
        if not done:
            raise Changed(project_id)
        return self.get(project_id)


def _view(row: ProjectRow) -> ProjectView:
    return ProjectView(
        project_id=row.project_id,
        channel=row.channel,
        name=row.name,
        description=row.description,
        archived=row.archived,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
