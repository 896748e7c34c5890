"""What is sent: the export of a clip as it was approved, and the texts of its post."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.clips.model import RenderedClips, clip_fingerprint
from vidpipe.errors import InputRejected, Unavailable
from vidpipe.exports.model import Export, FinishedExport, PlatformExports, Post, Rule
from vidpipe.library.errors import NoExport
from vidpipe.library.publishing.views import PostChanges
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.steps.clips import CLIPS
from vidpipe.pipeline.steps.exports import EXPORTS
from vidpipe.publishing.files import LocalPostFiles
from vidpipe.publishing.model import (
    THUMBNAIL,
    VIDEO,
    CaptionAttachment,
    PictureAttachment,
    Publication,
    RemoteState,
    VideoFile,
)
from vidpipe.storage.artifacts import Manifest
from vidpipe.storage.keys import Folder

#: Presets whose files a platform is given, the first that there is of a clip.
PRESETS: Mapping[str, Sequence[str]] = {
    "youtube": ("youtube_shorts", "youtube"),
    "tiktok": ("tiktok",),
    "instagram": ("instagram_reels", "instagram_feed"),
    "facebook": ("facebook", "instagram_reels"),
    "linkedin": ("linkedin",),
    "x": ("x",),
}
_CAPTIONS, _POSTER, _POST = "clip.srt", "poster.jpg", "post.json"
#: Fields of a post that are said elsewhere than in `Publication`.
_ASIDE = ("thumbnail", "captions", "export")


class PostFile(BaseModel):
    """Which export a post is made of: its files never change."""

    model_config = ConfigDict(frozen=True)

    preset: str
    artifact: str
    fingerprint: str


class PostProgress(BaseModel):
    """How far a post is, as its row keeps it sealed.

    Attributes:
        state: of its platform.
        publication: what is sent, from its first request to its last.
        file: what that is made of.
        again: it is taken back at the platform, and waits for approval then.
        why: what the schedule says why it is taken back; empty: it is not its doing.
        reviews: how often it was looked whether it is still there.
        asked: something is asked of what was posted, and not answered yet.
        application: whose quotas its last request was of.
    """

    model_config = ConfigDict(frozen=True)

    state: RemoteState
    publication: Publication
    file: PostFile
    again: bool = False
    why: str = ""
    reviews: int = 0
    asked: bool = False
    application: str = ""

    def at(self, state: RemoteState) -> PostProgress:
        """The same in another state."""
        return self.model_copy(update={"state": state})

    def asking(self, state: RemoteState, *, again: bool = False, why: str = "") -> PostProgress:
        """The same where its platform is asked for something, in another state."""
        changes = {"state": state, "asked": True, "again": again, "why": why}
        return self.model_copy(update=changes)

    @property
    def untouched(self) -> bool:
        """Whether nothing was asked of the platform yet that it would know of."""
        state, fresh = self.state, RemoteState.model_fields
        same = ("phase", "task", "armed", "remote_id", "post_id", "session", "parts", "done")
        return all(getattr(state, name) == fresh[name].default for name in same)


@dataclass(frozen=True)
class PostExport:
    """The export that a post is made of.

    Attributes:
        file: which it is.
        manifest: names its files.
        rules: how it keeps to its preset.
    """

    file: PostFile
    manifest: Manifest
    rules: tuple[Rule, ...]


class PostBuilder:
    """Finds exports, and makes of them what is sent.

    Args:
        engine: store and channels.
        defaults: what a channel says of its posts to a platform.
    """

    def __init__(
        self, engine: Engine, defaults: Callable[[str, str], Mapping[str, object]]
    ) -> None:
        self.engine = engine
        self._defaults = defaults

    def presets(self, channel: str, platform: str, chosen: str | None = None) -> Sequence[str]:
        """The presets whose files a channel can give a platform, the best first.

        Raises:
            NoExport: its channel makes no file for it.
        """
        known = self.engine.channels.get(channel)
        made = tuple(known.platforms) if known is not None else ()
        if chosen is not None:
            if chosen not in made:
                raise NoExport(f"export: {channel} makes none of {chosen!r}: {_listed(made)}")
            return (chosen,)
        found = [name for name in PRESETS.get(platform, made) if name in made]
        if not found:
            wanted = " or ".join(PRESETS.get(platform, ()))
            raise NoExport(
                f"the channel {channel} makes no exports for {platform}: add {wanted} to its "
                "platforms in channels.yaml"
            )
        return found

    def export(self, row: PostRow, fingerprint: str) -> PostExport:
        """The export of a clip as it has this fingerprint.

        Raises:
            NoExport: there is none; says what it waits for.
        """
        chosen = row.changes.get("export")
        presets = self.presets(row.channel, row.platform, chosen)
        rendered = self.engine.manifest(row.video_id, CLIPS.name)
        if rendered is None:
            raise NoExport(f"{row.video_id} has no clips: run the video")
        document = self.engine.artifacts.document(rendered, RenderedClips)
        clip = next((c for c in document.clips if c.clip_id == row.clip_id), None)
        if clip is None or clip_fingerprint(row.video_id, clip) != fingerprint:
            raise NoExport("the clip is being made anew: it goes on when that is done")
        words = f"the clip was not exported for {presets[0]} yet: run the video"
        for preset in presets:
            made = self.engine.manifest(row.video_id, EXPORTS.of(preset).name)
            if made is None:
                continue
            found = self.engine.artifacts.document(made, PlatformExports)
            export = next((e for e in found.exports if e.clip_id == row.clip_id), None)
            if export is None:
                words = _why_not(found, row.clip_id, preset) or words
                continue
            if _read(made, "rendered_clips") != rendered.content_digest:
                words = (
                    f"its export for {preset} is of an earlier form of the video's clips: run the "
                    "video"
                )
                continue
            return self._found(row.video_id, export)
        raise NoExport(words)

    def _found(self, video_id: str, export: Export) -> PostExport:
        file = PostFile(
            preset=export.platform, artifact=export.artifact, fingerprint=export.fingerprint
        )
        return PostExport(file, self._manifest(video_id, file), export.rules)

    def _manifest(self, video_id: str, file: PostFile) -> Manifest:
        artifacts = self.engine.artifacts
        made = artifacts.manifest(video_id, Folder.EXPORTS, file.artifact, file.fingerprint)
        if made is None or not artifacts.intact(made):
            raise NoExport(f"the files of its export for {file.preset} are gone: run the video")
        return made

    def publication(self, row: PostRow, export: PostExport) -> Publication:
        """What is sent of a post.

        Raises:
            NoExport: its texts are gone, or what was said of it is nothing that can be.
        """
        artifacts = self.engine.artifacts
        manifest = export.manifest
        data = self.engine.store.get_bytes(manifest.file(_POST).key)
        if data is None:
            raise NoExport(f"the text of its export for {export.file.preset} is gone")
        post = Post.model_validate_json(data)
        facts = artifacts.document(manifest, FinishedExport).facts
        video = _video(manifest)
        said = PostChanges.model_validate(row.changes)
        fields: dict[str, Any] = {
            "key": row.post_id,
            "title": post.title,
            "text": post.text,
            "tags": post.hashtags,
            "language": "",
            "video": VideoFile(
                size_bytes=video.size_bytes,
                content_type=video.media_type,
                duration_s=facts.duration_s,
                width=facts.width,
                height=facts.height,
            ),
            "link": self._link(video.key),
            "rules": export.rules,
            **self._defaults(row.channel, row.platform),
            **{k: v for k, v in said.said.items() if k not in _ASIDE},
        }
        if post.language and said.language is None:
            fields["language"] = post.language
        if said.thumbnail is not False and manifest.has(_POSTER):
            size = manifest.file(_POSTER).size_bytes
            fields["thumbnail"] = PictureAttachment(size_bytes=size) if size else None
        size = manifest.file(_CAPTIONS).size_bytes if manifest.has(_CAPTIONS) else 0
        if said.captions is not False and size and fields["language"]:
            caption = CaptionAttachment(language=fields["language"], size_bytes=size)
            fields["captions"] = (caption,)
        try:
            return Publication.model_validate(fields)
        except ValidationError as error:
            one = error.errors()[0]
            where = ".".join(map(str, one["loc"])) or "the post"
            raise NoExport(f"{where}: {one['msg']}") from error

    def changed(self, row: PostRow, before: Publication) -> Publication:
        """What is sent of a post with what is said of it now, its files as they were."""
        said = PostChanges.model_validate(row.changes).said
        fields = {"publish_at": None, **{k: v for k, v in said.items() if k not in _ASIDE}}
        return Publication.model_validate({**before.model_dump(), **fields})

    def _link(self, key: str) -> str:
        """Where the file can be fetched; empty where only this machine has it."""
        engine = self.engine
        if engine.store.is_local and not (engine.settings.public_url or engine.settings.cdn_url):
            return ""
        return engine.lasting_link(key)

    def files(self, video_id: str, progress: PostProgress) -> LocalPostFiles:
        """The files of a post on this machine.

        Raises:
            InputRejected: they are gone.
            Unavailable: they cannot be fetched now.
        """
        try:
            manifest = self._manifest(video_id, progress.file)
        except NoExport as error:
            raise InputRejected("post_file_missing", str(error)) from error
        artifacts, publication = self.engine.artifacts, progress.publication
        paths: dict[str, Path] = {}
        try:
            paths[VIDEO] = artifacts.path(_video(manifest))
            if publication.thumbnail is not None:
                paths[THUMBNAIL] = artifacts.path(manifest.file(_POSTER))
            for caption in publication.captions:
                paths[caption.file] = artifacts.path(manifest.file(_CAPTIONS))
        except FileNotFoundError as error:
            raise InputRejected(
                "post_file_missing", "a file of its export is gone: run the video"
            ) from error
        except OSError as error:
            raise Unavailable(f"its files cannot be fetched: {error.strerror}") from error
        return LocalPostFiles(paths)


def _video(manifest: Manifest) -> Any:
    return next(file for file in manifest.files if file.name.startswith("video."))


def _read(made: Manifest, name: str) -> object:
    """The digest of what a stage read when it made this."""
    inputs = made.cache_key_inputs.get("inputs")
    return inputs.get(name) if isinstance(inputs, dict) else None


def _why_not(found: PlatformExports, clip_id: str, preset: str) -> str:
    for item in (*found.refused, *found.withheld):
        if item.clip_id == clip_id:
            return f"the clip has no export for {preset}: {item.why}"
    return ""


def _listed(names: Sequence[str]) -> str:
    return f"there are {', '.join(names)}" if names else "it makes none at all"
