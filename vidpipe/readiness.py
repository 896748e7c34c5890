"""The readiness report: everything that will be used, and why, before any work."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from vidpipe.addresses import holds_secret, shown
from vidpipe.channels.model import Channel, load_channels
from vidpipe.errors import Misconfigured, VidpipeError
from vidpipe.extras import not_installed
from vidpipe.models import bundled_model, entries
from vidpipe.models.store import SWITCH
from vidpipe.pipeline.engine import Engine
from vidpipe.settings import Settings, load_settings, unknown_settings

#: Kinds of URLs that a store or drop folder may have.
STORE_SCHEMES = ("file", "s3", "az", "azure", "abfs", "gs")


@dataclass(frozen=True)
class ReadinessItem:
    """One line of the report; `ok` False means that vidpipe cannot work like this."""

    name: str
    ok: bool
    says: str


def start_up() -> tuple[Settings, dict[str, Channel]]:
    """Settings and channels, or everything that is wrong with them; asks no network.

    Raises:
        Misconfigured: every problem of settings, channels.yaml and what they need installed.
    """
    problems = unknown_settings(os.environ)
    try:
        settings = load_settings()
    except Misconfigured as error:
        raise Misconfigured([*error.problems, *problems]) from error
    channels: dict[str, Channel] = {}
    try:
        channels = load_channels(settings.channels_file)
    except Misconfigured as error:
        problems += error.problems
    if settings.channels_file is not None and not settings.channels_file.exists():
        problems.append(f"VIDPIPE_CHANNELS_FILE: there is no file {settings.channels_file}")
    for name, url in (("STORE", settings.store_url), ("DROP", settings.drop_url)):
        scheme = url.partition(":")[0]
        if scheme not in STORE_SCHEMES:
            kinds = ", ".join(STORE_SCHEMES)
            problems.append(f"VIDPIPE_{name}_URL: {shown(url)!r} is none of {kinds}")
        elif scheme in ("s3", "gs") and holds_secret(url):
            problems.append(
                f"VIDPIPE_{name}_URL: {shown(url)}: keys go into VIDPIPE_{name}_OPTIONS, not "
                "into a URL"
            )
    needs = {"boto3": "aws"} if settings.drop_url.startswith("s3:") else {}
    try:
        database = make_url(settings.database_url.get_secret_value())
        driver = database.get_dialect().driver
        if database.get_backend_name() == "postgresql":
            needs[driver] = "postgres"
    except (ArgumentError, NoSuchModuleError):
        # Not shown: it may hold a password.
        problems.append("VIDPIPE_DATABASE_URL: use sqlite:///file or postgresql+psycopg2://...")
    if settings.drop_queue_url:
        needs["boto3"] = "aws"
        if not settings.drop_url.startswith("s3:"):
            problems.append("VIDPIPE_DROP_QUEUE_URL: it tells of S3, VIDPIPE_DROP_URL is not s3:")
    if settings.executor == "kubernetes":
        needs["dagster_k8s"] = "k8s"
    for module, extra in needs.items():
        if find_spec(module) is None:
            problems.append(not_installed(module, extra))
    if problems:
        raise Misconfigured(problems)
    return settings, channels


def readiness() -> list[ReadinessItem]:
    """Look at every part; a failing one does not hide the others."""
    try:
        settings = load_settings()
    except VidpipeError as error:
        return [ReadinessItem("settings", False, str(error))]
    unknown = unknown_settings(os.environ)
    items = [
        ReadinessItem("settings", not unknown, "; ".join(unknown) or "every name is one"),
        ReadinessItem("home", True, str(settings.home)),
    ]
    parts: list[tuple[str, Callable[[Settings], str]]] = [
        ("channels", _channels),
        ("store", _store),
        ("catalog", _catalog),
        ("drop folder", _drop_folder),
        ("notifications", _notifications),
        ("links", _links),
        ("publishing", _publishing),
        ("space", _space),
        ("ffmpeg", _ffmpeg),
        ("encoder", _encoder),
        ("fonts", _fonts),
        ("models", _models),
        ("speech activity", _speech_activity),
        ("recogniser", _recogniser),
        ("face detector", _faces),
        ("slides", _slides),
        ("topics", _topics),
        ("borders", _borders),
        ("llm", _llm),
    ]
    for name, look in parts:
        try:
            items.append(ReadinessItem(name, True, look(settings)))
        except VidpipeError as error:
            items.append(ReadinessItem(name, False, str(error)))
        except Exception as error:
            items.append(ReadinessItem(name, False, f"{type(error).__name__}: {error}"))
    return items


def _channels(settings: Settings) -> str:
    channels = load_channels(settings.channels_file)
    where = settings.channels_file or "no channels.yaml"
    return f"{', '.join(sorted(channels))} ({where})"


def _store(settings: Settings) -> str:
    store = Engine(settings).store
    key = f".check/{uuid.uuid4().hex}"
    store.put_bytes(key, b"vidpipe")
    try:
        if store.get_bytes(key) != b"vidpipe":
            raise RuntimeError(f"{store.url} does not return what was written")
    finally:
        store.delete(key)
    return f"{store.url} (written, read, deleted)"


def _catalog(settings: Settings) -> str:
    catalog = Engine(settings).catalog
    return f"{catalog.shown} ({len(catalog.videos())} videos)"


def _drop_folder(settings: Settings) -> str:
    from vidpipe.intake.folders import drop_folder

    part = drop_folder(settings.drop_url, settings.plain_drop_options).slice("")
    more = " and more" if part.after else ""
    return f"{shown(settings.drop_url)} ({len(part.items)} objects{more})"


def _notifications(settings: Settings) -> str:
    if not settings.drop_queue_url:
        return "none: the drop folder is listed (VIDPIPE_DROP_QUEUE_URL is not set)"
    from vidpipe.intake.notifications import Queue

    waiting = Queue(settings.drop_queue_url, settings.plain_drop_options).count()
    return f"{shown(settings.drop_queue_url)} ({waiting} waiting)"


def _links(settings: Settings) -> str:
    if settings.cdn_url:
        return f"at the CDN, {settings.cdn_url}"
    if settings.public_url:
        how = "streamed" if settings.proxy_downloads else "signed when they are opened"
        return f"through `vidpipe serve` at {settings.public_url}, {how}"
    if settings.store_url.startswith("file:"):
        return "files on this machine: no browser opens them (VIDPIPE_PUBLIC_URL is not set)"
    return "signed for a week, then dead in the UI (VIDPIPE_PUBLIC_URL is not set)"


def _publishing(settings: Settings) -> str:
    """Which platforms accounts can be connected at; what is set by half is wrong."""
    options = settings.publishing
    prefix = "VIDPIPE_PUBLISHING__APPLICATIONS"
    problems: list[str] = []
    found: dict[str, list[str]] = {}
    for name, one in sorted(options.applications.items()):
        given = {
            "PLATFORM": one.platform,
            "CLIENT_ID": one.client_id,
            "CLIENT_SECRET": one.client_secret.get_secret_value(),
        }
        missing = [f"{prefix}__{name.upper()}__{key}" for key, value in given.items() if not value]
        # X knows applications that keep no secret.
        if one.platform == "x":
            missing = [key for key in missing if not key.endswith("SECRET")]
        problems += [f"{key} is not set" for key in missing]
        if not missing:
            found.setdefault(one.platform, []).append(name)
    if problems:
        raise Misconfigured(problems)
    if options.bases is not None:
        return f"to fakes alone: {', '.join(f'{n} at {u}' for n, u in options.bases.items())}"
    if not found:
        return f"webhooks and folders; no platform: {prefix}__NAME__PLATFORM sets one"
    said = ", ".join(f"{platform} ({', '.join(names)})" for platform, names in found.items())
    if settings.public_url:
        back = f"people come back to {settings.public_url.rstrip('/')}/oauth/return/PLATFORM"
    else:
        back = "connected with `vidpipe accounts connect` (VIDPIPE_PUBLIC_URL is not set)"
    return f"{said}, webhooks and folders; {back}"


def _space(settings: Settings) -> str:
    from vidpipe.operations.disk_space import low_disk_space

    short = low_disk_space(settings)
    if short:
        raise Misconfigured(f"{short}: nothing will start")
    return f"over {settings.queue.min_free_gib:g} GiB free"


def _ffmpeg(settings: Settings) -> str:
    from vidpipe.media import ffmpeg
    from vidpipe.programs import run_program

    lines: list[str] = []
    run_program(
        [ffmpeg.executable(), "-hide_banner", "-filters"], timeout_s=30, on_line=lines.append
    )
    run_program(
        [ffmpeg.executable(), "-hide_banner", "-encoders"], timeout_s=30, on_line=lines.append
    )
    words = {w for line in lines for w in line.split()[:2]}
    missing = [n for n in ("ass", "ebur128", "alimiter", "libx264", "aac") if n not in words]
    if missing:
        raise RuntimeError(f"{ffmpeg.executable()} lacks {', '.join(missing)}")
    return f"{ffmpeg.identity()} at {ffmpeg.executable()}"


def _encoder(settings: Settings) -> str:
    from vidpipe.media.encoders import SOFTWARE, choose_encoder

    chosen = choose_encoder(settings.encoder)
    if settings.encoder != "auto":
        return f"{chosen} (VIDPIPE_ENCODER)"
    return f"{chosen} (no hardware encoder works here)" if chosen == SOFTWARE else chosen


def _fonts(settings: Settings) -> str:
    from vidpipe.clips.text.fonts import fonts_dir

    if not (fonts_dir() / "DejaVuSans-Bold.ttf").is_file():
        raise RuntimeError(f"no DejaVuSans-Bold.ttf in {fonts_dir()}")
    return str(fonts_dir())


def _models(settings: Settings) -> str:
    store = settings.model_store
    there = sum(1 for name in entries() if entries()[name].fetched and store.here(name))
    may = "" if store.may_fetch else f", nothing is fetched ({SWITCH})"
    return f"{store.folder} ({there} of the registry{may})"


def _speech_activity(settings: Settings) -> str:
    found = bundled_model("silero-vad")
    return f"{found.identity} ({found.origin})"


def _recogniser(settings: Settings) -> str:
    from vidpipe.transcript.recogniser import nothing_to_recognise_with
    from vidpipe.transcript.registry import choose

    recogniser, passed = choose(settings.transcript, None, settings.model_store, fetch=False)
    if recogniser is None:
        raise nothing_to_recognise_with(passed)
    why = "".join(f"; not {p.source}: {p.reason}" for p in passed)
    draft = ", a draft only" if recogniser.draft else ""
    weights = recogniser.weights
    if weights is not None and weights.to_fetch():
        return f"{recogniser.name}: {weights.to_come()}{draft} (a sidecar goes first){why}"
    return f"{recogniser.identity}{draft} (a sidecar goes first){why}"


def _faces(settings: Settings) -> str:
    from vidpipe.pipeline.faces import chosen_faces
    from vidpipe.pipeline.needs import faces_needed

    needed = faces_needed(settings)
    if needed.to_fetch():
        return needed.to_come()
    return str(chosen_faces(settings))


def _slides(settings: Settings) -> str:
    from vidpipe.layout.text import reader_identity

    return reader_identity(settings.layout) or "not read (pip install 'vidpipe[ocr]')"


def _topics(settings: Settings) -> str:
    from vidpipe.content.vectors import sentence_model

    model, why = sentence_model(settings.content.sentence_model, settings.model_store, fetch=False)
    if model is None:
        return f"words alone ({why})"
    weights = model.weights
    return f"words and {weights.to_come() if weights.to_fetch() else model.identity}"


def _borders(settings: Settings) -> str:
    from vidpipe.segments.borders.network import border_network

    if not settings.segments.border_network:
        return "words alone (switched off)"
    network, why = border_network("en", settings.model_store, fetch=False)
    if network is None:
        return f"words alone ({why})"
    weights = network.weights
    found = weights.to_come() if weights.to_fetch() else network.identity
    return f"English: {found}; other languages: words alone"


def _llm(settings: Settings) -> str:
    from vidpipe.openai_client import address, missing
    from vidpipe.segments.editor.server import LLM_SETTING

    why = missing(settings.llm, LLM_SETTING)
    return f"none ({why})" if why else address(settings.llm)
