"""Taking an upload in: once per digest, or into quarantine with a reason."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from vidpipe.catalog import tables
from vidpipe.catalog.catalog import Catalog
from vidpipe.channels.model import Channel
from vidpipe.edits.compare import changes
from vidpipe.edits.merging import says, with_sidecar
from vidpipe.edits.model import EditDocument
from vidpipe.errors import InputRejected, Unavailable
from vidpipe.intake import sidecars
from vidpipe.intake.covers import find_cover
from vidpipe.intake.identity import storable
from vidpipe.intake.identity import video_id as make_video_id
from vidpipe.intake.model import Cover, Instructions, IntakeResult, IntakeState, Sidecar, Upload
from vidpipe.intake.rules import VIDEO_SUFFIXES, Rules, check_media, check_name
from vidpipe.media.coded import coded_digest
from vidpipe.media.embedded import text_tracks
from vidpipe.media.probe import MediaInfo
from vidpipe.observability import events
from vidpipe.storage.artifacts import Artifacts, Manifest
from vidpipe.storage.fingerprint import fingerprint
from vidpipe.storage.keys import Folder, quarantine_key
from vidpipe.storage.objects import sha256_file
from vidpipe.stuck import begin

_CHUNK = 1 << 20
#: As long as the catalog keeps them.
_MOST_KEY_BYTES = 1024


@dataclass(frozen=True)
class IncomingUpload:
    """An upload as it lies on this machine.

    Attributes:
        key: `{channel}/{name}` as its person knows it.
        version: changes when the object does (ETag, or size and time).
        sidecars: files beside it, by suffix (`.srt`, `.vtt`, `.json`, `.yaml`; of sound also
            `.jpg`, `.png`, and the cover of its folder as `cover`).
        sidecar_version: changes when any of them does, as far as a listing tells.
        insist: the sidecars count even when the bytes are known under another name.
        found: size and time of the file when it was found: a change of it is noticed.
    """

    key: str
    channel: str
    name: str
    path: Path
    version: str
    sidecars: Mapping[str, Path] = field(default_factory=dict)
    sidecar_version: str = ""
    insist: bool = False
    found: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", self.state_on_disk())

    def state_on_disk(self) -> tuple[int, int]:
        """Size in bytes and time of the last change in ns, now."""
        stat = self.path.stat()
        return stat.st_size, stat.st_mtime_ns


class Intake:
    """Accepts uploads into one store and one catalog."""

    def __init__(
        self,
        artifacts: Artifacts,
        catalog: Catalog,
        channels: Mapping[str, Channel],
        rules: Rules,
    ) -> None:
        self.artifacts = artifacts
        self.catalog = catalog
        self.channels = channels
        self.rules = rules

    def take(self, drop: IncomingUpload) -> IntakeResult:
        """Accept, recognise or quarantine one upload; always leaves a catalog row.

        Raises:
            Unavailable: store or catalog cannot be reached; nothing is decided.
        """
        digest = ""
        begin("taking it in", drop.name)
        try:
            self._check_channel(drop)
            check_name(drop.name)
            digest = sha256_file(drop.path)
            known = self.catalog.video_by_digest(drop.channel, digest)
            sidecar, files = self._read_sidecars(drop)
            if known is None:
                outcome = self._accept(drop, digest, sidecar, files)
            else:
                outcome = self._recognise(drop, known, sidecar, files)
        except InputRejected as error:
            outcome = self._quarantine(drop, digest, error)
        self._record(drop, outcome)
        _say(drop, outcome)
        return outcome

    def _check_channel(self, drop: IncomingUpload) -> None:
        if not drop.channel:
            raise InputRejected(
                "no_channel",
                "it lies outside the channels' folders. Move it into one of: "
                f"{', '.join(sorted(self.channels))}.",
                name=drop.key,
            )
        if drop.channel not in self.channels:
            raise InputRejected(
                "unknown_channel",
                f"there is no channel {drop.channel!r}; there are: "
                f"{', '.join(sorted(self.channels))}. Move it, or add the channel.",
                name=drop.key,
            )

    def _read_sidecars(self, drop: IncomingUpload) -> tuple[Sidecar, dict[str, Path]]:
        files: dict[str, Path] = {}
        instructions = Instructions()
        for tail in sidecars.transcripts(drop.sidecars):
            files[f"transcript{tail}"] = drop.sidecars[tail]
        for suffix in sidecars.INSTRUCTION_SUFFIXES:
            if suffix in drop.sidecars:
                stem = drop.name.rsplit(".", 1)[0]
                channel = self.channels[drop.channel]
                instructions = sidecars.read_instructions(
                    drop.sidecars[suffix], f"{stem}{suffix}", channel.presets, channel.looks
                )
                break
        return Sidecar(transcript_files=tuple(files), instructions=instructions), files

    def _accept(
        self, drop: IncomingUpload, digest: str, sidecar: Sidecar, files: Mapping[str, Path]
    ) -> IntakeResult:
        info = check_media(drop.path, drop.name, self.rules)
        coded = coded_digest(drop.path, info)
        same = None if drop.insist else self._in_another_container(drop, coded)
        if same is not None:
            return self._alias(drop, same.video_id, same.name, "the same recording as")
        video_id = make_video_id(drop.channel, drop.name, digest)
        source = self._store_source(drop, video_id, digest, info, coded)
        beside = self._store_sidecar(video_id, sidecar, files, drop.path, info)
        cover, picture = self._store_cover(drop, video_id, digest, info)
        stem = drop.name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        fresh = self.catalog.accept_video(
            tables.Video(
                video_id=video_id,
                channel=drop.channel,
                sha256=digest,
                name=drop.name[:512],
                title=(sidecar.instructions.title or info.title or stem)[:512],
                size_bytes=info.size_bytes,
                duration_s=info.duration_s,
                width=info.video.width if info.video else 0,
                height=info.video.height if info.video else 0,
                sidecar_version=_content_of(drop),
                priority=sidecar.instructions.priority,
                state="accepted",
            )
        )
        if not fresh:
            known = self.catalog.video_by_digest(drop.channel, digest)
            assert known is not None
            return self._recognise(drop, known, sidecar, files)
        self._decide(video_id, drop.channel, sidecar.instructions)
        return IntakeResult(
            key=drop.key,
            state=IntakeState.ACCEPTED,
            video_id=video_id,
            message=f"accepted as {video_id}" + (f"; {cover.words}" if cover.words else ""),
            sidecar_changed=bool(drop.sidecars),
            taken=_by_name(source, beside, picture),
        )

    def _in_another_container(self, drop: IncomingUpload, coded: str) -> tables.Video | None:
        """The video that was taken in from a file of this name but for its suffix, if it is it.

        Recorders leave the file that they wrote beside the one that they copied it into.
        """
        stem, _, own = drop.name.rpartition(".")
        others = [stem + suffix for suffix in VIDEO_SUFFIXES if suffix != f".{own.lower()}"]
        for video in self.catalog.videos_named(drop.channel, others) if coded else ():
            upload = self.artifacts.current(video.video_id, Folder.RAW, "upload")
            if upload is None or video.state == "retired":
                continue
            if self.artifacts.document(upload, Upload).coded == coded:
                return video
        return None

    def _recognise(
        self, drop: IncomingUpload, known: tables.Video, sidecar: Sidecar, files: Mapping[str, Path]
    ) -> IntakeResult:
        """The same bytes again: under the first name its sidecars count, else it is an alias.

        A retired video is revived under any name.
        """
        retired = known.state == "retired"
        source = self.artifacts.current(known.video_id, Folder.RAW, "upload")
        if source is None or not self.artifacts.sound(source):
            info = check_media(drop.path, drop.name, self.rules)
            coded = coded_digest(drop.path, info)
            source = self._store_source(drop, known.video_id, known.sha256, info, coded)
        else:
            info = self.artifacts.document(source, Upload).media
            self.artifacts.point_to(Folder.RAW, source)
        if drop.name != known.name and not drop.insist and not retired:
            return self._alias(drop, known.video_id, known.name)
        version = _content_of(drop)
        changed = known.sidecar_version != version
        beside = self._store_sidecar(known.video_id, sidecar, files, drop.path, info)
        _, picture = self._store_cover(drop, known.video_id, known.sha256, info)
        if retired or changed:
            self._decide(known.video_id, known.channel, sidecar.instructions)
        priority = sidecar.instructions.priority
        if retired:
            self.catalog.revive_video(known.video_id, version, priority)
        elif changed:
            self.catalog.change_sidecar(known.video_id, version, priority)
        return IntakeResult(
            key=drop.key,
            state=IntakeState.ACCEPTED,
            video_id=known.video_id,
            message="retired, and wanted again"
            if retired
            else "known already"
            + (f" as {known.name}" if drop.name != known.name else "")
            + ("; its sidecars changed" if changed else ""),
            sidecar_changed=changed,
            taken=_by_name(source, beside, picture),
        )

    def _decide(self, video_id: str, channel: str, said: Instructions) -> None:
        """Save what a sidecar says of clips and words as a version of the video's edits.

        Not where it said the same before: what people decided since stands.
        """
        while said.decides:
            row = self.catalog.edits.by_sidecar(video_id)
            if row is not None and says(
                EditDocument.model_validate(row.document), said.clip_edits, said.words
            ):
                return
            current = self.catalog.edits.current(video_id)
            before = EditDocument.model_validate(current.document) if current else EditDocument()
            after = with_sidecar(before, said.clip_edits, said.words)
            saved = self.catalog.edits.add(
                video_id,
                after.as_json(),
                after=current.version if current else 0,
                channel=channel,
                source="sidecar",
                created_by="sidecar",
                changes=list(dict.fromkeys(c.words for c in changes(before, after))),
            )
            if saved is not None:
                return

    def _alias(
        self, drop: IncomingUpload, video_id: str, name: str, how: str = "the same bytes as"
    ) -> IntakeResult:
        return IntakeResult(
            key=drop.key,
            state=IntakeState.ALIAS,
            video_id=video_id,
            message=f"{how} {name}: an alias of {video_id}, not processed again",
        )

    def _store_source(
        self, drop: IncomingUpload, video_id: str, digest: str, info: MediaInfo, coded: str
    ) -> Manifest:
        name = f"source{info.known_container.suffixes[0]}"
        work = self.artifacts.workspace("intake")
        try:
            copy = work / "source"
            # What is stored is hashed, not what was there when it was looked at.
            if _copied(drop.path, copy) != digest or drop.state_on_disk() != drop.found:
                raise Unavailable(f"{drop.key}: it was written to while it was ingested")
            return self.artifacts.publish(
                video_id=video_id,
                folder=Folder.RAW,
                artifact="upload",
                fingerprint=digest,
                cache_key_inputs={"sha256": digest},
                files={name: copy},
                digests={name: digest},
                document=Upload(
                    video_id=video_id,
                    channel=drop.channel,
                    name=drop.name,
                    sha256=digest,
                    size_bytes=info.size_bytes,
                    media=info,
                    coded=coded,
                ),
            )
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _store_sidecar(
        self,
        video_id: str,
        sidecar: Sidecar,
        files: Mapping[str, Path],
        source: Path,
        info: MediaInfo,
    ) -> Manifest:
        """What lies beside it, current from now on; found where the same was stored before.

        Its own subtitles stand in where no transcript lies beside it.
        """
        plain = sidecar.instructions.model_copy(update={"words": (), "clip_edits": ()})
        sidecar = sidecar.model_copy(update={"instructions": plain})
        work = self.artifacts.workspace("sidecar")
        try:
            if not files:
                files = _embedded(source, info, work)
                sidecar = sidecar.model_copy(update={"transcript_files": tuple(files)})
            digests = {name: sha256_file(path) for name, path in files.items()}
            current = self.artifacts.current(video_id, Folder.RAW, "sidecar")
            if current is not None and self._says(current, sidecar, digests):
                self.artifacts.point_to(Folder.RAW, current)
                return current
            cache_key_inputs = {
                "instructions": sidecar.instructions.model_dump(mode="json"),
                "files": digests,
            }
            copies = {}
            for name, path in files.items():
                copies[name] = work / name
                shutil.copyfile(path, copies[name])
            return self.artifacts.publish(
                video_id=video_id,
                folder=Folder.RAW,
                artifact="sidecar",
                fingerprint=fingerprint(cache_key_inputs),
                cache_key_inputs=cache_key_inputs,
                files=copies,
                document=sidecar,
            )
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _says(self, stored: Manifest, sidecar: Sidecar, digests: Mapping[str, str]) -> bool:
        """Whether a stored sidecar is whole and says this, also where an older vidpipe wrote it."""
        if stored.cache_key_inputs.get("files") != digests or not self.artifacts.sound(stored):
            return False
        try:
            return self.artifacts.document(stored, Sidecar) == sidecar
        except ValidationError:
            return False

    def _store_cover(
        self, drop: IncomingUpload, video_id: str, digest: str, info: MediaInfo
    ) -> tuple[Cover, Manifest | None]:
        """The picture that stands for a recording without any of its own; nothing for videos."""
        if not info.sound_only:
            return Cover(), None
        work = self.artifacts.workspace("cover")
        try:
            target = work / "cover.jpg"
            cover = find_cover(drop.path, info, drop.sidecars, target)
            cache_key_inputs = {
                "source": digest,
                "picture": sha256_file(target) if target.exists() else None,
                "cover": cover.model_dump(mode="json"),
            }
            made = self.artifacts.publish(
                video_id=video_id,
                folder=Folder.RAW,
                artifact="cover",
                fingerprint=fingerprint(cache_key_inputs),
                cache_key_inputs=cache_key_inputs,
                files={"cover.jpg": target} if target.exists() else {},
                document=cover,
            )
            return cover, made
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _quarantine(self, drop: IncomingUpload, digest: str, error: InputRejected) -> IntakeResult:
        """Keep the rejected bytes with the reason beside them."""
        name = drop.name.rsplit("/", 1)[-1]
        channel = drop.channel if drop.channel in self.channels else "_unknown"
        key = quarantine_key(channel, digest or sha256_file(drop.path), name)
        self.artifacts.store.put_file(key, drop.path)
        self.artifacts.store.put_bytes(
            f"{key}.reason.txt",
            f"{error.reason}\n{error.message}\n".encode("utf-8", "backslashreplace"),
        )
        return IntakeResult(
            key=drop.key,
            state=IntakeState.QUARANTINED,
            reason=error.reason,
            message=storable(error.message),
            quarantine_key=key,
        )

    def _record(self, drop: IncomingUpload, outcome: IntakeResult) -> None:
        self.catalog.inbox.decide(
            tables.UploadRow(
                key=storable(drop.key, _MOST_KEY_BYTES),
                channel=storable(drop.channel)[:64],
                version=drop.version,
                size_bytes=drop.found[0],
                sidecar_version=drop.sidecar_version,
                state=outcome.state.value,
                not_before=None,
                reason=outcome.reason,
                message=outcome.message,
                video_id=outcome.video_id,
                quarantine_key=outcome.quarantine_key,
            )
        )


def _say(drop: IncomingUpload, outcome: IntakeResult) -> None:
    about = {"upload": drop.key, "channel": drop.channel, "video_id": outcome.video_id}
    known = {name: value for name, value in about.items() if value}
    if outcome.state is IntakeState.QUARANTINED:
        events.warning("upload_intake_quarantined", **known, reason=outcome.reason)
    else:
        size_bytes = drop.found[0]
        events.info(f"upload_intake_{outcome.state.value}", **known, size_bytes=size_bytes)


def _by_name(*stored: Manifest | None) -> dict[str, Manifest]:
    return {item.artifact: item for item in stored if item is not None}


def _copied(source: Path, target: Path) -> str:
    """Copy a file; the SHA-256 of what was written, in hex."""
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as written:
        while chunk := read.read(_CHUNK):
            digest.update(chunk)
            written.write(chunk)
    return digest.hexdigest()


def _content_of(drop: IncomingUpload) -> str:
    """The state of the sidecars by content: empty when there are none."""
    return sidecars.version({k: sha256_file(v) for k, v in drop.sidecars.items()})


def _embedded(source: Path, info: MediaInfo, work: Path) -> dict[str, Path]:
    """The text tracks of a recording, by the names that they are kept under."""
    found: dict[str, Path] = {}
    for track in text_tracks(source, info, work):
        tail = f".{track.language}" if track.language else ""
        found.setdefault(f"transcript.embedded{tail}.srt", track.path)
    return found
