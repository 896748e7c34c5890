"""Every setting, typed: composes the stages' options; reads the environment once.

A setting `x` comes from `VIDPIPE_X`, a nested one `x.y` from `VIDPIPE_X__Y`, or
from a file of that name in /run/secrets. Nothing else reads the environment.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from vidpipe.accounts.options import AccountOptions
from vidpipe.catalog.options import EventOptions, PoolOptions
from vidpipe.content.model import TopicOptions
from vidpipe.costs.options import BudgetOptions, CostOptions
from vidpipe.downloads.options import DownloadOptions
from vidpipe.encryption import is_key
from vidpipe.errors import RETRY_DELAYS_S, Misconfigured
from vidpipe.framing.model import FramingOptions
from vidpipe.layout.model import LayoutOptions
from vidpipe.media.encoders import EncoderName
from vidpipe.media.faces import FaceChoice
from vidpipe.models.store import ModelStore
from vidpipe.notifications.options import NotifyOptions, NotifyTarget
from vidpipe.observability.options import LogOptions
from vidpipe.publishing.options import PlatformApplication, PublishingOptions
from vidpipe.segments.model import ChoiceOptions, LlmOptions
from vidpipe.silence.model import SilenceOptions
from vidpipe.transcript.model import TranscriptOptions
from vidpipe.webhooks.options import SlackOptions, WebhookOptions

_SECRETS = Path("/run/secrets")


class QueueOptions(BaseModel):
    """When sensors hold back: nothing is dropped, it waits in the catalog."""

    model_config = ConfigDict(frozen=True)

    max_queued_runs: int = Field(
        default=20, ge=1, description="maximum runs waiting in Dagster's queue"
    )
    max_runs_per_channel: int = Field(
        default=10, ge=1, description="maximum videos of one channel queued or running at once"
    )
    min_free_gib: float = Field(
        default=2.0,
        ge=0,
        description="GiB that must be free on scratch and on a local store before a run starts",
    )


class ServiceOptions(BaseModel):
    """What `vidpipe serve` takes from whoever asks its API."""

    model_config = ConfigDict(frozen=True)

    max_body_bytes: int = Field(
        default=1_048_576,
        ge=1024,
        le=2**30,
        description="maximum bytes of the body of a request to the API; larger ones answer 413",
    )
    timeout_s: float = Field(
        default=30.0,
        gt=0,
        le=600,
        description="seconds after which a request to the API is given up and answers 504",
    )
    renders_edits: bool | None = Field(
        default=None,
        description="render clips that a user changed in a process beside `vidpipe serve` or "
        "`vidpipe worker`, at once, and not through Dagster; where that is not running, also what "
        "was approved; unset: where the catalog is embedded",
    )
    upload_expires_h: float = Field(
        default=24.0,
        gt=0,
        le=24 * 7,
        description="hours after its last bytes until an unfinished upload is removed",
    )
    upload_idle_s: float = Field(
        default=30.0,
        gt=0,
        le=600,
        description="seconds without a byte after which a request that uploads is ended; what "
        "came is kept",
    )
    upload_link_s: int = Field(
        default=3600,
        ge=60,
        le=7 * 86400,
        description="seconds that links to upload into a bucket hold",
    )
    cors_origins: tuple[str, ...] = Field(
        default=(),
        description="origins whose pages may use the API from a browser, as JSON: "
        '["https://app.example.com"]; none by default',
    )
    chores: bool = Field(
        default=True,
        description="whether `vidpipe serve` runs the background chores, too; false where "
        "`vidpipe worker` does",
    )

    process: bool = Field(
        default=False,
        description="process videos without Dagster, in processes beside `vidpipe serve` or "
        "`vidpipe worker`, wherever no daemon of Dagster is alive; as their option --process",
    )
    videos_at_once: int = Field(
        default=1,
        ge=1,
        le=64,
        description="maximum videos that one `vidpipe serve` or `vidpipe worker` processes at "
        "once, each in a process of its own",
    )

    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="bearer token that Prometheus sends for /metrics, from 16 characters on; "
        "empty: whoever may read every channel gets them",
    )

    @field_validator("metrics_token")
    @classmethod
    def _long_enough(cls, given: SecretStr) -> SecretStr:
        token = given.get_secret_value()
        if token and not re.fullmatch(r"[!-~]{16,}", token):
            raise ValueError("16 letters, digits or signs at least: openssl rand -hex 32")
        return given

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for origin in given:
            if not re.fullmatch(r"https?://[^\s/*]+", origin):
                raise ValueError(f"{origin!r} is no origin: scheme and host, no * and no path")
        return given


class Settings(BaseSettings):
    """Where things are and how stages behave."""

    model_config = SettingsConfigDict(
        env_prefix="VIDPIPE_",
        env_nested_delimiter="__",
        secrets_dir=str(_SECRETS) if _SECRETS.is_dir() else None,
        frozen=True,
        extra="ignore",
    )

    home: Path = Field(
        default=Path(".vidpipe"),
        description="folder of the embedded store, catalog, scratch and models",
    )
    store_url: str = Field(
        default="", description="URL of the store (file, s3, az or gs); default {home}/store"
    )
    store_options: dict[str, SecretStr] = Field(
        default_factory=dict, description="endpoint, keys and region of the store"
    )
    database_url: SecretStr = Field(
        default=SecretStr(""), description="SQLAlchemy URL of the catalog; default SQLite in {home}"
    )
    drop_url: str = Field(default="", description="URL of the drop folder; default {home}/drop")
    drop_options: dict[str, SecretStr] = Field(
        default_factory=dict, description="endpoint, keys and region of the drop folder's store"
    )
    drop_queue_url: str = Field(
        default="", description="SQS queue with notifications of objects in the drop folder"
    )
    drop_list_interval_s: float = Field(
        default=30.0, ge=0, description="minimum seconds between full bucket listings"
    )
    channels_file: Path | None = Field(
        default=None, description="path of channels.yaml; default {home}/channels.yaml if it exists"
    )
    scratch: Path | None = Field(
        default=None, description="folder of temporary files; default {home}/scratch"
    )
    scratch_cache_gib: float = Field(
        default=50.0,
        gt=0,
        le=2**30,
        description="maximum GiB of cached files of a remote store",
    )
    models: Path | None = Field(default=None, description="folder of models; default {home}/models")
    faces: FaceChoice = Field(
        default="auto", description="face detector; auto: the best that is available"
    )
    face_model: Path | None = Field(
        default=None, description="ONNX file of CenterFace or YuNet, in place of the fetched one"
    )
    allow_model_download: bool = Field(
        default=True, description="whether missing models are downloaded"
    )
    drop_settle_s: float = Field(
        default=5.0,
        ge=0,
        le=86400,
        description="seconds without change after which a dropped file is picked up",
    )
    max_upload_gib: float = Field(
        default=50.0,
        gt=0,
        le=2**30,
        description="maximum GiB of an upload; larger ones are rejected",
    )
    max_duration_h: float = Field(
        default=12.0,
        gt=0,
        le=8760,
        description="maximum hours of an upload; longer ones are rejected",
    )
    encoder: EncoderName = Field(
        default="auto",
        description="H.264 encoder; auto: the first hardware encoder that works, else libx264",
    )
    cdn_url: str = Field(
        default="", description="public URL of the store's objects; links go there, unsigned"
    )
    public_url: str = Field(
        default="",
        description="URL at which browsers reach `vidpipe serve`; links in the UI go there",
    )
    proxy_downloads: bool = Field(
        default=False,
        description="whether `vidpipe serve` sends files itself, in place of redirects to "
        "signed links",
    )
    repository_url: str = Field(
        default="",
        description="URL of the repository on a forge, https://…/vidpipe, for links to code",
    )
    repository_ref: str = Field(
        default="main", description="branch or tag of the repository that runs here"
    )
    executor: Literal["processes", "kubernetes"] = Field(
        default="processes", description="where steps run: as processes of their run, or as pods"
    )
    kubernetes_steps: Path | None = Field(
        default=None, description="YAML file with the resources of pods, by step"
    )
    ui_url: str = Field(default="", description="URL of the Dagster UI, for links to runs")
    retry_delays_s: tuple[float, ...] = Field(
        default=RETRY_DELAYS_S,
        min_length=1,
        description="delays in seconds between retries of transient failures; after the last "
        "one the video is marked failed",
    )
    heartbeat_timeout_s: float = Field(
        default=90.0,
        ge=20,
        description="seconds without a heartbeat after which a run counts as lost",
    )
    stuck_after_s: float = Field(
        default=900.0,
        ge=60,
        # A lecture of an hour on one core, at the lowest priority beside ten busy processes, was
        # silent for 12 s at most; one of 20 minutes with a single keyframe for 18 s.
        description="seconds without progress after which a step is ended: retried if it "
        "waited, rejected if it computed",
    )
    retention_dry_run: bool = Field(
        default=False, description="whether the nightly retention only reports what it would delete"
    )
    encryption_keys: tuple[SecretStr, ...] = Field(
        default=(),
        description="keys that secrets in the catalog are encrypted with, as JSON, each 32 bytes "
        "in base64 for URLs: the first encrypts, all decrypt; default: one made in {home} if the "
        "catalog is embedded",
    )
    queue: QueueOptions = QueueOptions()
    notify: NotifyOptions = NotifyOptions()
    costs: CostOptions = CostOptions()
    budgets: BudgetOptions = BudgetOptions()
    accounts: AccountOptions = AccountOptions()
    database_pool: PoolOptions = PoolOptions()
    service: ServiceOptions = ServiceOptions()
    events: EventOptions = EventOptions()
    webhooks: WebhookOptions = WebhookOptions()
    slack: SlackOptions = SlackOptions()
    publishing: PublishingOptions = PublishingOptions()
    downloads: DownloadOptions = DownloadOptions()
    log: LogOptions = LogOptions()
    silence: SilenceOptions = SilenceOptions()
    transcript: TranscriptOptions = TranscriptOptions()
    layout: LayoutOptions = LayoutOptions()
    content: TopicOptions = TopicOptions()
    segments: ChoiceOptions = ChoiceOptions()
    llm: LlmOptions = LlmOptions()
    framing: FramingOptions = FramingOptions()

    @field_validator("encryption_keys")
    @classmethod
    def _keys(cls, given: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(is_key(key.get_secret_value()) for key in given):
            raise ValueError("each is 32 bytes in base64: `openssl rand -base64 32 | tr +/ -_`")
        return given

    @model_validator(mode="after")
    def _defaults(self) -> Self:
        home = self.home.expanduser().resolve()
        filled = {
            "home": home,
            "store_url": self.store_url or (home / "store").as_uri(),
            "drop_url": self.drop_url or (home / "drop").as_uri(),
            "scratch": self.scratch or home / "scratch",
            "models": self.models or home / "models",
        }
        if not self.database_url.get_secret_value():
            filled["database_url"] = SecretStr(f"sqlite:///{home / 'catalog.sqlite'}")
        if self.channels_file is None and (home / "channels.yaml").exists():
            filled["channels_file"] = home / "channels.yaml"
        for name, value in filled.items():
            object.__setattr__(self, name, value)
        return self

    @property
    def model_store(self) -> ModelStore:
        """Where models are found and, where that is allowed, fetched into."""
        assert self.models is not None
        return ModelStore(self.models, may_fetch=self.allow_model_download)

    @property
    def plain_store_options(self) -> dict[str, str]:
        return {k: v.get_secret_value() for k, v in self.store_options.items()}

    @property
    def plain_drop_options(self) -> dict[str, str]:
        return {k: v.get_secret_value() for k, v in self.drop_options.items()}


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment.

    Raises:
        Misconfigured: every setting that does not fit its type, by the name it is set with.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = [
            f"VIDPIPE_{'__'.join(str(p).upper() for p in e['loc'])}: {e['msg']}"
            for e in error.errors()
        ]
        raise Misconfigured(problems) from error
    except SettingsError as error:
        # Its value is not shown: it may hold a key.
        raise Misconfigured(f"{_named_in(error)}: it is to be JSON, or one field each") from error
    except (OSError, RuntimeError) as error:
        raise Misconfigured(f"VIDPIPE_HOME: {error}") from error


def _named_in(error: SettingsError) -> str:
    found = re.search(r'field "(\w+)"', str(error))
    return f"VIDPIPE_{found[1].upper()}" if found else "VIDPIPE_*"


#: A field of something whose name is free.
_NAMED = tuple(
    re.compile(rf"VIDPIPE_{where}__[A-Z0-9_-]+?__({'|'.join(kind.model_fields).upper()})")
    for where, kind in (
        ("NOTIFY__TARGETS", NotifyTarget),
        ("PUBLISHING__APPLICATIONS", PlatformApplication),
    )
)
#: Variables of this prefix that are nobody's setting: of tests, of `deploy.prepare`, and the key
#: that `vidpipe mcp` is given.
_OTHERS = ("VIDPIPE_TEST_", "VIDPIPE_POOL_", "VIDPIPE_API_KEY")


def setting_names() -> set[str]:
    """Every variable that sets something, nested ones too."""
    return set(_names(Settings, "VIDPIPE_"))


def _names(model: Any, prefix: str) -> Iterator[str]:
    fields = (
        {f.name: f.type for f in dataclasses.fields(model)}
        if is_dataclass(model)
        else {name: field.annotation for name, field in model.model_fields.items()}
    )
    for name, kind in fields.items():
        variable = f"{prefix}{name.upper()}"
        yield variable
        nested = isinstance(kind, type) and (issubclass(kind, BaseModel) or is_dataclass(kind))
        if nested:
            yield from _names(kind, f"{variable}__")


def unknown_settings(environment: Mapping[str, str]) -> list[str]:
    """Unknown `VIDPIPE_*` variables, each with the closest known name."""
    known = setting_names()
    unknown = []
    for name in sorted(environment):
        ours = name.upper().startswith("VIDPIPE_") and not name.upper().startswith(_OTHERS)
        keyed = any(name.upper().startswith(f"{n}__") for n in known if n.endswith("_OPTIONS"))
        keyed = keyed or any(named.fullmatch(name.upper()) for named in _NAMED)
        if ours and name.upper() not in known and not keyed:
            near = difflib.get_close_matches(name.upper(), known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            unknown.append(f"{name}: unknown setting{hint}")
    return unknown
