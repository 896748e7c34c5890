"""What people decide of videos and their clips: reading it, changing it, having it made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vidpipe.catalog.edit_tables import EditVersionRow
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.tables import Video
from vidpipe.clips.model import Clip, RenderedClips
from vidpipe.edits.compare import EditChange, changes
from vidpipe.edits.merging import BadEdit, added, checked, merged, patched, patched_clip, split
from vidpipe.edits.model import ClipEdit, EditDocument, WordEdit
from vidpipe.intake.model import Sidecar, SourceVideo
from vidpipe.library.edit_checks import Recorded, problems
from vidpipe.library.edit_estimates import estimate
from vidpipe.library.edit_runs import HEAD_START_S
from vidpipe.library.edit_views import (
    EditComparison,
    EditEstimate,
    EditsView,
    EditVersionView,
    RenderAsked,
    SidecarSays,
)
from vidpipe.library.errors import Changed, Refused, Unknown, UnknownClip, UnknownVideo
from vidpipe.library.jobs import Jobs, JobSpec
from vidpipe.library.reading import PAGE, check_limit
from vidpipe.library.views import Page
from vidpipe.pipeline.editing.made import edits_made
from vidpipe.pipeline.editing.overlay import SHARED
from vidpipe.pipeline.editing.resolve import borders_of
from vidpipe.pipeline.editing.words import word_at
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.planning import plan
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.storage.artifacts import Manifest, Model
from vidpipe.timeline import Interval
from vidpipe.transcript.model import Transcript, Word

#: Of a version's list of changes.
_TOLD, _NOTE = 20, 400


class EditsChanged(Changed):
    """Somebody saved another version meanwhile.

    Attributes:
        version: the one that is current.
        document: what it says.
    """

    def __init__(self, video_id: str, version: int, document: EditDocument) -> None:
        self.version, self.document = version, document
        super().__init__(f"the edits of {video_id}")


@dataclass(frozen=True)
class EditAuthor:
    """Who decides, with what, and what they say of it.

    Attributes:
        id: of the person or program.
        source: api or cli.
        note: for the list of versions, of at most 400 characters.
    """

    id: str
    source: str = "api"
    note: str = ""


#: Told of a video, what is different in the version that was saved, and who saved it.
OnSaved = Callable[[str, Sequence[EditChange], EditAuthor], None]


class UnknownEditVersion(Unknown):
    """The video has no version of this number."""

    def __init__(self, video_id: str, version: int) -> None:
        super().__init__(f"{video_id} has no version {version} of its edits")


class Edits:
    """The edit documents of a library's videos.

    Every method that changes one takes the version that was read, and refuses where another
    was saved since: `EditsChanged` has what is current. None stands for whatever is current.

    Args:
        engine: store, catalog, channels.
        on_saved: told of each version that is saved, and of what is different in it.
    """

    def __init__(self, engine: Engine, on_saved: OnSaved | None = None) -> None:
        self.engine = engine
        self._on_saved = on_saved

    # Reading

    def get(self, video_id: str) -> EditsView:
        """What is decided of a video now.

        Raises:
            UnknownVideo: there is none of this id.
        """
        self._video(video_id)
        row = self.engine.catalog.edits.current(video_id)
        return _view(video_id, row, self._made(video_id))

    def version(self, video_id: str, version: int) -> EditsView:
        """One version.

        Raises:
            UnknownVideo: there is none of this id.
            UnknownEditVersion: it has no such version.
        """
        self._video(video_id)
        return _view(video_id, self._row(video_id, version), self._made(video_id))

    def versions(
        self, video_id: str, *, limit: int = PAGE, before: int | None = None
    ) -> Page[EditVersionView]:
        """The versions of a video, the newest first.

        Args:
            video_id: whose.
            limit: so many at most.
            before: only older ones than this.

        Raises:
            UnknownVideo: there is none of this id.
        """
        check_limit(limit)
        self._video(video_id)
        rows = self.engine.catalog.edits.page(video_id, limit + 1, before)
        shown = rows[:limit]
        items = tuple(
            EditVersionView(
                version=row.version,
                created_at=row.created_at,
                created_by=row.created_by,
                source=row.source,
                based_on=row.based_on,
                note=row.note,
                changes=tuple(row.changes),
            )
            for row in shown
        )
        more = str(shown[-1].version) if len(rows) > limit else None
        return Page(items=items, next_cursor=more)

    def compare(self, video_id: str, before: int, after: int) -> EditComparison:
        """What differs between two versions; 0 is what was before anybody decided anything.

        Raises:
            UnknownVideo: there is none of this id.
            UnknownEditVersion: it has no such version.
        """
        self._video(video_id)
        old, new = (_document(self._row(video_id, number)) for number in (before, after))
        return EditComparison(
            video_id=video_id, before=before, after=after, changes=changes(old, new)
        )

    # Changing

    def put(
        self,
        video_id: str,
        document: EditDocument,
        *,
        version: int | None,
        by: EditAuthor,
    ) -> EditsView:
        """Save a document as the next version.

        Args:
            video_id: whose.
            document: all that is decided.
            version: that it was made of; None: whatever is current.
            by: who decides.

        Raises:
            UnknownVideo: there is none of this id.
            EditsChanged: another version was saved since.
            BadEdit: a field that cannot be; names it.
        """
        return self._save(video_id, lambda _: document, version, by)

    def patch(
        self, video_id: str, fields: Mapping[str, Any], *, version: int | None, by: EditAuthor
    ) -> EditsView:
        """Save the document with a merge patch (RFC 7396) applied; errors as with `put`."""
        return self._save(video_id, lambda doc: patched(doc, fields), version, by)

    def patch_clip(
        self,
        video_id: str,
        clip: str,
        fields: Mapping[str, Any],
        *,
        version: int | None,
        by: EditAuthor,
    ) -> EditsView:
        """Save the document with a merge patch of what it says of one clip.

        Raises:
            UnknownClip: the video has no clip of this id or rank.
            EditsChanged: another version was saved since.
            BadEdit: a field that cannot be; names it.
        """
        self._video(video_id)
        made = self._clips(video_id)

        def change(document: EditDocument) -> EditDocument:
            edit = self._edit_of(video_id, clip, document, made)
            return patched_clip(document, edit.clip, edit.moment, fields)

        return self._save(video_id, change, version, by)

    def reset_clip(
        self, video_id: str, clip: str, *, version: int | None, by: EditAuthor
    ) -> EditsView:
        """Take back all that is decided of a clip; one that somebody added goes.

        Errors as with `patch_clip`.
        """
        self._video(video_id)
        made = self._clips(video_id)

        def change(document: EditDocument) -> EditDocument:
            return document.without_clip(self._edit_of(video_id, clip, document, made).clip)

        return self._save(video_id, change, version, by)

    def add_clip(
        self,
        video_id: str,
        start_s: float,
        end_s: float,
        title: str | None = None,
        *,
        version: int | None,
        by: EditAuthor,
    ) -> tuple[EditsView, str]:
        """Make a clip of another moment; its id. Errors as with `put`."""
        taken = set(self._clips(video_id))
        ids: list[str] = []

        def change(document: EditDocument) -> EditDocument:
            document, clip = added(document, video_id, start_s, end_s, title, taken)
            ids.append(clip)
            return document

        view = self._save(video_id, change, version, by)
        return view, ids[-1]

    def split(
        self, video_id: str, clip: str, at_s: float, *, version: int | None, by: EditAuthor
    ) -> EditsView:
        """Make two clips of one at a time of the source. Errors as with `patch_clip`."""
        self._video(video_id)
        made = self._clips(video_id)

        def change(document: EditDocument) -> EditDocument:
            edit = self._edit_of(video_id, clip, document, made)
            borders = self._borders(video_id, edit)
            return split(document, video_id, edit, borders, at_s, set(made))[0]

        return self._save(video_id, change, version, by)

    def merge(
        self,
        video_id: str,
        clips: Sequence[str],
        *,
        between: str = "cut",
        version: int | None,
        by: EditAuthor,
    ) -> EditsView:
        """Make one clip of several. Errors as with `patch_clip`."""
        self._video(video_id)
        made = self._clips(video_id)

        def change(document: EditDocument) -> EditDocument:
            edits = [self._edit_of(video_id, clip, document, made) for clip in clips]
            return merged(
                document, [(e, self._borders(video_id, e)) for e in edits], between=between
            )

        return self._save(video_id, change, version, by)

    def restore(
        self, video_id: str, number: int, *, version: int | None, by: EditAuthor
    ) -> EditsView:
        """Save a version that says what an earlier one said; none in between is lost.

        Raises:
            UnknownEditVersion: the video has no such version.
            EditsChanged: another version was saved since.
        """
        self._video(video_id)
        document = _document(self._row(video_id, number))
        by = replace(by, source="restore")
        return self._save(video_id, lambda _: document, version, by, based_on=number, check=False)

    # Having it made

    def estimate(self, video_id: str) -> EditEstimate:
        """What making the clips as they are decided now will take, and what would run.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: no clips were made yet.
        """
        self._video(video_id)
        row = self.engine.catalog.edits.current(video_id)
        stages = plan(self.engine, video_id).stages
        return estimate(self.engine, video_id, row.version if row else 0, _document(row), stages)

    def render(self, video_id: str, *, by: str) -> RenderAsked:
        """Have the clips made as they are decided; what nothing touches is found again.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: no clips were made yet.
            Refused: they are as they are decided.
        """
        video = self._video(video_id)
        found = self.estimate(video_id)
        if not found.stages:
            raise Refused("the clips are as they are decided: there is nothing to make")
        jobs = Jobs(self.engine)
        channel = self.engine.channels[video.channel]
        known = self.engine.pipeline.names(channel.platforms)
        asked = found.stages if set(found.stages) <= set(known) else None
        # What was asked for the last time holds on: platforms, a template, a number of clips.
        past = self.engine.catalog.jobs.page(
            1, channels={video.channel}, states=("done",), video_id=video_id
        )
        options = RunOptions(**past[0].run_options) if past and past[0].run_options else None
        spec = JobSpec(video_id=video_id, stages=asked, options=options)
        (job,) = jobs.create([spec], asked_by=by, cause=Cause.EDIT, wait_s=HEAD_START_S)
        return RenderAsked(job=job, estimate=found)

    # Within

    def _save(
        self,
        video_id: str,
        change: Callable[[EditDocument], EditDocument],
        version: int | None,
        by: EditAuthor,
        *,
        based_on: int | None = None,
        check: bool = True,
    ) -> EditsView:
        video = self._video(video_id)
        if len(by.note) > _NOTE:
            raise BadEdit(f"note: at most {_NOTE} characters")
        catalog = self.engine.catalog
        # The store may be a bucket, which nobody is to wait for once something is changed.
        made = self._made(video_id)
        for _ in range(5):
            row = catalog.edits.current(video_id)
            current, before = (row.version if row else 0), _document(row)
            if version is not None and version != current:
                raise EditsChanged(video_id, current, before)
            after = change(before)
            if check:
                after = self._checked(video, after, before)
            found = changes(before, after)
            told = list(dict.fromkeys(change.words for change in found))
            if not told and based_on is None:
                return _view(video_id, row, made)
            saved = catalog.edits.add(
                video_id,
                after.as_json(),
                after=current,
                channel=video.channel,
                source=by.source,
                created_by=by.id,
                based_on=based_on,
                changes=told[:_TOLD],
                note=by.note,
            )
            if saved is not None:
                if self._on_saved is not None:
                    self._on_saved(video_id, found, by)
                return _view(video_id, saved, made)
            if version is not None:
                row = catalog.edits.current(video_id)
                raise EditsChanged(video_id, row.version if row else 0, _document(row))
        raise EditsChanged(video_id, current, before)

    def _checked(self, video: Video, document: EditDocument, before: EditDocument) -> EditDocument:
        """A document that can be of this video, with moments and words filled in.

        Raises:
            BadEdit: a field that cannot be; names it.
        """
        made = self._clips(video.video_id)
        words = self._words(video.video_id)
        moments = {name: self._moment(clip, before) for name, clip in made.items()}
        order = self.engine.order(video.video_id)
        of = Recorded(
            duration_s=video.duration_s,
            frame=self._frame(video.video_id),
            words=words,
            moments=moments,
            channel=order.channel,
            platforms=document.platforms or order.wanted_platforms,
            sounds=frozenset(
                a.name
                for a in self.engine.catalog.assets.page(500, channels={video.channel})
                if a.kind == "sound"
            )
            if any(e.music not in (None, "none") for e in document.clip_edits)
            else frozenset(),
        )
        odd = problems(document, before, of)
        if odd:
            raise BadEdit(odd)
        edits = tuple(_filled(edit, moments, words) for edit in document.clip_edits)
        told = {"clip_edits": edits, "words": _known(document.words, words)}
        return checked(EditDocument, document.model_copy(update=told).as_json())

    def _edit_of(
        self, video_id: str, clip: str, document: EditDocument, made: Mapping[str, Clip]
    ) -> ClipEdit:
        """What is decided of a clip, by its id or rank; nothing yet of one that is as found.

        Raises:
            UnknownClip: there is none.
        """
        known = document.of(clip)
        if known is not None:
            return known
        found = made.get(clip) or next((c for c in made.values() if str(c.rank) == clip), None)
        if found is None:
            raise UnknownClip(video_id, clip)
        return document.of(found.clip_id) or ClipEdit(
            clip=found.clip_id, moment=self._moment(found, document)
        )

    def _moment(self, clip: Clip, document: EditDocument) -> Interval:
        """Where a clip was found: as is kept of one that is changed, else where it is."""
        known = document.of(clip.clip_id)
        if known is not None and known.moment is not None:
            return known.moment
        return Interval(start_s=clip.segment.start_s, end_s=clip.segment.end_s)

    def _borders(self, video_id: str, edit: ClipEdit) -> Interval:
        found = borders_of(edit, edit.moment, self._video(video_id).duration_s)
        if found is None:
            raise BadEdit(f"clip_edits[{edit.clip}]: it lies past the end of the recording")
        return found

    def _clips(self, video_id: str) -> dict[str, Clip]:
        document = self._result(video_id, "rendered_clips", RenderedClips)
        return {clip.clip_id: clip for clip in document.clips} if document else {}

    def _words(self, video_id: str) -> tuple[Word, ...]:
        document = self._result(video_id, "transcript", Transcript)
        return document.words if document else ()

    def _frame(self, video_id: str) -> Any:
        document = self._result(video_id, "source_video", SourceVideo)
        video = document.media.video if document else None
        return video.size.rect if video else None

    def _result(self, video_id: str, name: str, model: type[Model]) -> Model | None:
        """A result as it is current; None where it was not made, or is not stored any more."""
        manifest = self.engine.manifest(video_id, name)
        if manifest is None:
            return None
        try:
            return self.engine.artifacts.document(manifest, model)
        except FileNotFoundError:
            return None

    def _video(self, video_id: str) -> Video:
        row = self.engine.catalog.video(video_id)
        if row is None:
            raise UnknownVideo(video_id)
        return row

    def _row(self, video_id: str, version: int) -> EditVersionRow | None:
        row = self.engine.catalog.edits.get(video_id, version) if version else None
        if row is None and version != 0:
            raise UnknownEditVersion(video_id, version)
        return row

    def _made(self, video_id: str) -> _StoredBeside:
        sidecar = self._result(video_id, "sidecar", Sidecar) or Sidecar()
        return _StoredBeside(sidecar, self.engine.manifest(video_id, "rendered_clips"))


@dataclass(frozen=True)
class _StoredBeside:
    """What the store has of a video that its edits are shown with.

    Attributes:
        sidecar: as it was taken in.
        clips: how they were made; None: not yet.
    """

    sidecar: Sidecar
    clips: Manifest | None


def _view(video_id: str, row: EditVersionRow | None, made: _StoredBeside) -> EditsView:
    document = _document(row)
    said = made.sidecar.instructions
    fields = (*SHARED, "layout")
    return EditsView(
        video_id=video_id,
        version=row.version if row else 0,
        document=document,
        sidecar=SidecarSays(
            **said.model_dump(mode="json", include=set(fields), exclude_defaults=True)
        ),
        overrides=tuple(
            name
            for name in fields
            if getattr(document, name) is not None
            and getattr(document, name) != getattr(said, name)
        ),
        created_at=row.created_at if row else None,
        created_by=row.created_by if row else "",
        source=row.source if row else "",
        based_on=row.based_on if row else 0,
        note=row.note if row else "",
        rendered=made.clips is not None and edits_made(made.clips).says(document),
    )


def _document(row: EditVersionRow | None) -> EditDocument:
    if row is None:
        return EditDocument()
    where = f"edits of {row.video_id}, version {row.version}"
    return checked(EditDocument, row.document, where)


def _filled(edit: ClipEdit, moments: Mapping[str, Interval], words: Sequence[Word]) -> ClipEdit:
    """With the moment that it was found in, and what its words were."""
    moment = edit.moment or moments.get(edit.clip)
    if moment is None and edit.start_s is not None and edit.end_s is not None:
        moment = Interval(start_s=edit.start_s, end_s=edit.end_s)
    return edit.model_copy(update={"moment": moment, "words": _known(edit.words, words)})


def _known(edits: Sequence[WordEdit], words: Sequence[Word]) -> tuple[WordEdit, ...]:
    """Edits of words with what these were; in the order of time."""
    filled = []
    for edit in edits:
        found = word_at(words, edit) if not edit.was else None
        filled.append(edit if found is None else edit.model_copy(update={"was": words[found].text}))
    return tuple(sorted(filled, key=lambda w: w.start_s))
