"""Running a stage: fingerprint, reuse, publish, record."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import av
from pydantic import BaseModel, ValidationError

from vidpipe.catalog import tables
from vidpipe.catalog.catalog import Catalog
from vidpipe.channels.model import Channel, load_channels
from vidpipe.channels.reviews import GateName, GatesUnreadable, ReviewRules
from vidpipe.clips.model import ClipFile, FinishedClip
from vidpipe.costs.accountant import Account, Accountant
from vidpipe.edits.merging import checked
from vidpipe.edits.model import EditDocument
from vidpipe.errors import InputRejected, Misconfigured, VidpipeError, cause_of
from vidpipe.exports.model import Export, FinishedExport
from vidpipe.intake.intake import Intake
from vidpipe.intake.model import Sidecar, Upload
from vidpipe.intake.rules import Rules
from vidpipe.observability import events
from vidpipe.observability.context import bound, current
from vidpipe.observability.spans import span
from vidpipe.pipeline.brand_assets import music_files, names_assets, with_assets
from vidpipe.pipeline.editing.overlay import overlaid
from vidpipe.pipeline.estimates import Estimator
from vidpipe.pipeline.metering import Meter
from vidpipe.pipeline.order import OF_CLIPS, Order
from vidpipe.pipeline.pipeline import Pipeline
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.scored import SCORING, ScoredPassages, scored_passages
from vidpipe.pipeline.stage import AnyStage, ItemRef
from vidpipe.pipeline.stage_run import Context, Progress, StageRun
from vidpipe.pipeline.talks import TALKS
from vidpipe.pipeline.telling import Teller
from vidpipe.settings import Settings
from vidpipe.spending import paying
from vidpipe.storage.artifacts import Artifacts, Manifest, Model
from vidpipe.storage.fingerprint import fingerprint
from vidpipe.storage.keys import Folder, channel_of
from vidpipe.storage.objects import ObjectStore
from vidpipe.stuck import begin, further

#: Artifacts by name, of one video.
Chosen = Mapping[str, Manifest]


@dataclass(frozen=True)
class StageResult:
    """What a stage gave: its manifest, and whether it had to work for it."""

    stage: str
    manifest: Manifest
    document: BaseModel
    reused: bool
    wall_s: float
    items_made: int = 0
    items_reused: int = 0
    stored_bytes: int = 0


def _forward(progress: Progress) -> Progress:
    """The same, and what is told there for the first time is further."""
    most, said = -1.0, set[str]()

    def tell(fraction: float, note: str) -> None:
        nonlocal most
        if fraction > most or note not in said:
            most = max(most, fraction)
            said.add(note)
            further()
        progress(fraction, note)

    return tell


def _silent(_: float, __: str) -> None:
    return None


def _say_done(result: StageResult) -> None:
    if result.reused:
        events.info("stage_run_reused", wall_s=round(result.wall_s, 3))
        return
    items = {"items_made": result.items_made, "items_reused": result.items_reused}
    made = {name: count for name, count in items.items() if count}
    events.info("stage_run_done", wall_s=round(result.wall_s, 3), **made)


def _say_failed(error: BaseException, wall_s: float) -> None:
    """By its cause; in words where they cannot be those of a recording."""
    said: dict[str, Any] = {"wall_s": round(wall_s, 3)}
    if not isinstance(error, Exception):
        events.warning("stage_run_interrupted", **said, cause=type(error).__name__)
        return
    if isinstance(error, VidpipeError) and not isinstance(error, InputRejected):
        said["message"] = str(error)
    events.warning("stage_run_failed", **said, cause=cause_of(error))


class Engine:
    """One store, one catalog, one set of channels, one pipeline: everything a stage needs."""

    def __init__(self, settings: Settings, pipeline: Pipeline = TALKS) -> None:
        self.settings = settings
        self.pipeline = pipeline
        assert settings.scratch is not None
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(f"VIDPIPE_HOME: {settings.home}: {error.strerror}") from error
        self.store = ObjectStore(settings.store_url, settings.plain_store_options)
        self.artifacts = Artifacts(
            self.store,
            settings.scratch,
            cache_bytes=int(settings.scratch_cache_gib * 2**30),
        )
        self.channels: dict[str, Channel] = load_channels(settings.channels_file)
        self._catalog: Catalog | None = None
        self.teller = Teller(lambda: self.catalog)

    @property
    def catalog(self) -> Catalog:
        """The catalog, its schema checked (an embedded one is brought up to date)."""
        if self._catalog is None:
            self._catalog = Catalog(self.settings.database_url.get_secret_value()).ready()
        return self._catalog

    @cached_property
    def accountant(self) -> Accountant:
        """What calls of outside services and own work cost, and what may be spent.

        Raises:
            Misconfigured: a file of prices or quotas cannot be read.
        """
        return Accountant(self.catalog, self.settings.costs, self.settings.budgets)

    def account(self, video_id: str, stage: str) -> Account:
        """For whom a stage of a video works: the job of the run that goes on, and its project."""
        ids = current()
        job_id = ids.get("job_id")
        job = self.catalog.jobs.get(job_id) if job_id is not None else None
        return Account(
            channel=channel_of(video_id),
            stage=stage,
            video_id=video_id,
            project_id=job.project_id if job is not None else None,
            job_id=job.job_id if job is not None else None,
            run_id=ids.get("run_id"),
        )

    def intake(self) -> Intake:
        rules = Rules(
            max_bytes=int(self.settings.max_upload_gib * 2**30),
            max_duration_s=self.settings.max_duration_h * 3600,
        )
        return Intake(self.artifacts, self.catalog, self.channels, rules)

    def order(
        self,
        video_id: str,
        run_options: RunOptions | None = None,
        chosen: Chosen | None = None,
        *,
        asked_at: datetime | None = None,
    ) -> Order:
        """What is wanted for a video: its channel and sidecar, and this run's options.

        `chosen` may hold the sidecar that this run took in itself. `asked_at` is when the run was
        asked for: in trusted hours or out of them.

        Raises:
            Misconfigured: its channel is no longer in channels.yaml, an asset that its brand
                names is not there, or a request cannot be.
            InputRejected: the video was never taken in.
        """
        run_options = run_options or RunOptions()
        name = channel_of(video_id)
        if name not in self.channels:
            raise Misconfigured(f"{video_id}: there is no channel {name!r} in channels.yaml")
        manifest = self._chosen(video_id, "sidecar", chosen)
        if manifest is None:
            raise InputRejected("unknown_video", "no such video was taken in", name=video_id)
        sidecar = self.artifacts.document(manifest, Sidecar)
        settings, channel = run_options.applied_to(self.settings, self.channels[name])
        channel = channel.model_copy(update={"review": self.review_rules(name)})
        edits = self.edits(video_id)
        named = [e.music for e in edits.clip_edits if e.music and e.music != "none"]
        return Order(
            settings,
            self.branded(channel),
            overlaid(sidecar.instructions, edits),
            run_options,
            withheld=self.catalog.reviews.withheld(video_id),
            edits=edits,
            music=music_files(channel, named, self.catalog, self.artifacts) if named else {},
            asked_at=asked_at,
        )

    def review_rules(self, channel: str) -> ReviewRules:
        """When a channel asks: as it was set in the service, or as its file says.

        Raises:
            GatesUnreadable: it was written by a later version of vidpipe.
            KeyError: there is no such channel.
        """
        row = self.catalog.review_rules.get(channel)
        if row is None or row.rules is None:
            return self.channels[channel].review
        try:
            return ReviewRules.model_validate(row.rules)
        except ValidationError as error:
            raise GatesUnreadable(channel) from error

    def edits(self, video_id: str) -> EditDocument:
        """What people decided of a video, in its newest version.

        Raises:
            Misconfigured: it was written by a later version of vidpipe.
        """
        row = self.catalog.edits.current(video_id)
        if row is None:
            return EditDocument()
        return checked(EditDocument, row.document, f"edits of {video_id}, version {row.version}")

    def branded(self, channel: Channel) -> Channel:
        """A channel with files in place of the assets that its brand names.

        Raises:
            Misconfigured: it has no such asset, or one of another kind.
        """
        if not names_assets(channel):
            return channel
        return with_assets(channel, self.catalog, self.artifacts)

    def link(self, key: str, *, expires_s: int = 3600) -> str:
        """Where a stored file can be fetched: at the CDN if there is one, else signed."""
        if self.settings.cdn_url:
            return f"{self.settings.cdn_url.rstrip('/')}/{quote(key)}"
        return self.store.download_url(key, expires_s=expires_s)

    def lasting_link(self, key: str) -> str:
        """A link to a stored file that may be kept: at the CDN, or through `vidpipe serve`.

        Without either it is signed for a week, the longest that S3 allows.
        """
        if self.settings.public_url and not self.settings.cdn_url:
            return self.page_link(key)
        return self.link(key, expires_s=7 * 24 * 3600)

    def page_link(self, key: str) -> str:
        """Where `vidpipe serve` has a stored file."""
        return f"{self.settings.public_url.rstrip('/')}/files/{quote(key)}"

    def page(self, video_id: str) -> str:
        """Where the clips of a video can be watched; empty where `vidpipe serve` does not run."""
        served = self.settings.public_url
        return f"{served.rstrip('/')}/videos/{quote(video_id)}" if served else ""

    def finished_clip(self, video_id: str, file: ClipFile) -> FinishedClip:
        """What was measured when a file of a clip was made, and what making it took."""
        return self._finished(video_id, Folder.CLIPS, file, FinishedClip)

    def finished_export(self, video_id: str, export: Export) -> FinishedExport:
        """What was measured when an export was made, and what making it took."""
        return self._finished(video_id, Folder.EXPORTS, export, FinishedExport)

    def _finished(self, video_id: str, folder: Folder, item: ItemRef, model: type[Model]) -> Model:
        found = self.artifacts.find(video_id, folder, item.artifact, item.fingerprint)
        if found is None:
            raise FileNotFoundError(f"{item.artifact} of {video_id} is gone from the store")
        return self.artifacts.document(found, model)

    def manifest(self, video_id: str, artifact: str) -> Manifest | None:
        """The current artifact of a video."""
        return self.artifacts.current(video_id, self.pipeline.folder(artifact), artifact)

    def items(self, manifest: Manifest, made_by: AnyStage) -> Iterator[Manifest | None]:
        """The clips or exports that an artifact of a stage names; None for those that are gone."""
        for item in made_by.items(self.artifacts.document(manifest, made_by.document)):
            yield self.item(manifest.video_id, made_by, item)

    def item(self, video_id: str, made_by: AnyStage, item: ItemRef) -> Manifest | None:
        """A clip or an export that a result of a stage names; None when it is gone."""
        return self.artifacts.manifest(video_id, made_by.folder, item.artifact, item.fingerprint)

    def run_stage(
        self,
        name: str,
        video_id: str,
        order: Order,
        progress: Progress = _silent,
        chosen: Chosen | None = None,
    ) -> StageResult:
        """Run one stage, or find that it was run already.

        Args:
            name: of the stage.
            video_id: of the video.
            order: what is wanted.
            progress: told how far it is.
            chosen: what this run took in, made or found itself, by name: another run of the
                same video may have made something else current meanwhile. What is not among
                it is read as it is current.

        Raises:
            VidpipeError: see the kinds in `vidpipe.errors`; recorded in the catalog.
        """
        wanted = self.pipeline.stage(name)
        ids = bound(video_id=video_id, channel=channel_of(video_id), stage=name, everywhere=True)
        with ids, span(f"stage {name}") as traced:
            events.info("stage_run_started")
            self._tell_started(video_id, name)
            started = time.monotonic()
            work = self.artifacts.workspace(name.replace("/", "-"))
            names = self.pipeline.names(order.wanted_platforms)
            told = self.teller.stage(video_id, name, names, progress)
            meter = Meter(self.accountant.purse(self.account(video_id, name)))
            try:
                with paying(meter.purse):
                    result = self._run(wanted, video_id, order, told, chosen, work, started)
                anew = not result.items_reused
                told_by = self._drivers(wanted, video_id, order, chosen) if anew else {}
                meter.done(result.stored_bytes, made=not result.reused, **told_by)
            except BaseException as error:
                wall_s = time.monotonic() - started
                self.teller.end(video_id, name)
                self._record(video_id, name, "", False, wall_s, error)
                meter.failed()
                _say_failed(error, wall_s)
                raise
            finally:
                shutil.rmtree(work, ignore_errors=True)
            self.teller.end(video_id, name)
            self._record(
                video_id, name, result.manifest.fingerprint, result.reused, result.wall_s, None
            )
            rows = wanted.rows(video_id, result.document)
            if rows is not None:
                self.catalog.replace(rows)
            traced.set(
                vidpipe__reused=result.reused,
                vidpipe__fingerprint=result.manifest.fingerprint,
                vidpipe__items_made=result.items_made,
                vidpipe__items_reused=result.items_reused,
            )
            _say_done(result)
            if name == SCORING:
                self._renew_estimate(video_id, order, {**(chosen or {}), name: result.manifest})
            return result

    def passages(
        self, video_id: str, order: Order, chosen: Chosen | None = None
    ) -> ScoredPassages | None:
        """The passages that were chosen for clips; None: nobody knows them (any more)."""
        if self.pipeline.find(SCORING) is None:
            return None
        scored = self._chosen(video_id, SCORING, chosen)
        return scored_passages(self.artifacts, scored, order.edits)

    def _drivers(
        self, wanted: AnyStage, video_id: str, order: Order, chosen: Chosen | None
    ) -> dict[str, Any]:
        """What the work of a stage goes with, where it makes clips or something of them."""
        if wanted.folder not in OF_CLIPS:
            return {}
        told: dict[str, Any] = {"clip_s": order.clip_seconds}
        try:
            found = self.passages(video_id, order, chosen)
            if found is not None:
                told["passage_s"] = found.seconds * wanted.formats(order)
        except Exception as error:
            # Its result is published: only later estimates know less.
            events.warning("passages_read_failed", cause=error)
        return told

    def _renew_estimate(self, video_id: str, order: Order, chosen: Chosen) -> None:
        """Tell anew what the job costs that this works for; nothing depends on it."""
        from vidpipe.pipeline.renewal import renew_estimate

        try:
            job_id = current().get("job_id")
            job = self.catalog.jobs.get(job_id) if job_id is not None else None
            video = self.catalog.video(video_id)
            if job is not None and video is not None:
                renew_estimate(self, job, video, order.run_options, chosen)
        except Exception as error:
            events.warning("estimate_renew_failed", cause=error)

    def _run(
        self,
        wanted: AnyStage,
        video_id: str,
        order: Order,
        progress: Progress,
        chosen: Chosen | None,
        work: Path,
        started: float,
    ) -> StageResult:
        if wanted.folder is Folder.EXPORTS:
            # The clips may have been made since it was asked for, or decided on.
            asks = order.channel.review.asks(GateName.EXPORT, order.asked_at or tables.now())
            withheld = self.catalog.reviews.withheld(video_id, asks=asks)
            order = replace(order, withheld=withheld)
        run = self.prepare(wanted, video_id, order, work, _forward(progress), chosen)
        begin(wanted.name, self.artifacts.document(run.upload, Upload).name)
        prepared = wanted.prepare(order, run)
        cache_key_inputs = wanted.cache_key_inputs(run, prepared)
        identity = fingerprint(cache_key_inputs)
        found = None
        if not order.run_options.force:
            found = self.artifacts.find(video_id, wanted.folder, wanted.name, identity)
        if found is not None and self.items_intact(found, wanted):
            document = self.artifacts.document(found, wanted.document)
            if wanted.whole(document):
                self.artifacts.point_to(wanted.folder, found)
                progress(1.0, "reused")
                return StageResult(wanted.name, found, document, True, time.monotonic() - started)
        try:
            document = wanted.run(run, prepared)
        except av.FFmpegError as error:
            if wanted.folder is Folder.EXPORTS or error.errno in (errno.ENOSPC, errno.ENOMEM):
                raise
            # Everything before the exports reads the recording, which an upload may make
            # fail at any place: what nobody expected there is the file's fault all the same.
            raise InputRejected(
                "does_not_decode",
                f"it cannot be read to its end (FFmpeg: {error.strerror}, at {wanted.name}). Play "
                "it through once, and export it anew if it stops",
                name=video_id,
            ) from error
        wall_s = time.monotonic() - started
        manifest = self.artifacts.publish(
            video_id=video_id,
            folder=wanted.folder,
            artifact=wanted.name,
            fingerprint=identity,
            cache_key_inputs=cache_key_inputs,
            files=run.files,
            document=document,
            wall_s=wall_s,
        )
        for folder, checkpoint in run.checkpoints:
            self.artifacts.remove(folder, checkpoint)
        progress(1.0, "")
        return StageResult(
            wanted.name,
            manifest,
            document,
            False,
            wall_s,
            run.items_made,
            run.items_reused,
            run.stored_bytes + sum(file.size_bytes for file in manifest.files),
        )

    def prepare(
        self,
        wanted: AnyStage,
        video_id: str,
        order: Order,
        work: Path,
        progress: Progress = _silent,
        chosen: Chosen | None = None,
    ) -> StageRun[Any]:
        """What a run of this stage would get to work with.

        Raises:
            InputRejected: an input was never made.
        """

        def read(artifact: str) -> Manifest:
            return self._input(video_id, artifact, wanted.name, chosen)

        return StageRun(
            video_id=video_id,
            options=wanted.options(order),
            context=Context(order.settings.model_store, order.run_options.force),
            artifacts=self.artifacts,
            inputs={name: read(name) for name in wanted.inputs},
            upload=read("upload"),
            picture=self._chosen(video_id, "cover", chosen),
            estimator=Estimator(self.catalog, video_id),
            work=work,
            progress=progress,
        )

    def _chosen(self, video_id: str, artifact: str, chosen: Chosen | None) -> Manifest | None:
        return (chosen or {}).get(artifact) or self.manifest(video_id, artifact)

    def _input(
        self, video_id: str, artifact: str, for_stage: str, chosen: Chosen | None
    ) -> Manifest:
        found = self._chosen(video_id, artifact, chosen)
        if found is None:
            raise InputRejected(
                "missing_input",
                f"{for_stage} needs {artifact}, which was never made: materialise it first",
                name=video_id,
            )
        return found

    def items_intact(self, manifest: Manifest, wanted: AnyStage, *, read: bool = True) -> bool:
        """Whether the clips or exports that a stage's document names are still stored.

        With `read` every byte is looked at, as in `Artifacts.find`; else their sizes.
        """
        whole = self.artifacts.sound if read else self.artifacts.intact
        return all(part is not None and whole(part) for part in self.items(manifest, wanted))

    def _tell_started(self, video_id: str, name: str) -> None:
        """Nothing was written yet: a run does not fail because nobody can be told of it."""
        try:
            self.catalog.stage_started(video_id, name)
        except Exception as error:
            events.warning("event_emit_failed", cause=error)

    def _record(
        self,
        video_id: str,
        name: str,
        identity: str,
        reused: bool,
        wall_s: float,
        error: BaseException | None,
    ) -> None:
        if error is not None and not isinstance(error, Exception):
            # Somebody or something ended it: nothing is wrong with the stage.
            return
        if self.catalog.video(video_id) is None:
            return
        kind = cause = None
        if error is not None:
            kind = type(error).__name__ if isinstance(error, VidpipeError) else "bug"
            cause = cause_of(error)
        self.catalog.record_stage(
            tables.StageRunRow(
                video_id=video_id,
                stage=name,
                fingerprint=identity,
                reused=reused,
                wall_s=round(wall_s, 3),
                error=str(error)[:2000] if error is not None else None,
                error_kind=kind,
            ),
            cause,
        )
