"""The instance of a deployment, for real: PostgreSQL, pools, the order of the queue, secrets."""

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from deploy import prepare
from resources.tags import CAUSE, CHANNEL, PRIORITY
from resources.vidpipe_resource import VidpipeResource
from sensors import coordinator
from vidpipe.catalog.catalog import Catalog
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.models import ModelStore
from vidpipe.settings import load_settings
from vidpipe_tests.catalog.conftest import video

ROOT = Path(__file__).parents[2]
KEY = "default--talk-0123456789"


@pytest.fixture
def deployed(tmp_path, postgres_url, monkeypatch, s3_options):
    """DAGSTER_HOME with deploy/dagster.yaml, on a database and a bucket of its own."""
    import psycopg2
    from sqlalchemy.engine import make_url

    url = make_url(postgres_url)
    name = tmp_path.name.replace("-", "_")[-40:].lower()
    admin = psycopg2.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    admin.close()
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text((ROOT / "deploy" / "dagster.yaml").read_text())
    values = {
        "DAGSTER_HOME": str(home),
        "DAGSTER_POSTGRES_URL": url.set(database=name).render_as_string(hide_password=False),
        "DAGSTER_LOGS_BUCKET": "vidpipe-test",
        "DAGSTER_LOGS_ENDPOINT": s3_options["endpoint"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "VIDPIPE_HOME": str(tmp_path / "home"),
    }
    for variable, value in values.items():
        monkeypatch.setenv(variable, value)
    return tmp_path


def test_pools_have_their_limits_after_every_deploy(deployed, monkeypatch, capsys):
    monkeypatch.setenv("VIDPIPE_POOL_GPU", "3")
    monkeypatch.setenv("VIDPIPE_POOL_API", "8")
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__API__URL", "http://127.0.0.1:9/v1")
    for _ in range(2):
        prepare.prepare()
    with dg.DagsterInstance.get() as instance:
        storage = instance.event_log_storage
        slots = {name: storage.get_concurrency_info(name).slot_count for name in prepare.POOLS}
        # One step of the transcript sends four requests side by side, which a server counts.
        assert slots == {"encode": 2, "gpu": 3, "api": 2}
        assert isinstance(instance.run_coordinator, coordinator.ChannelRunCoordinator)
        config = instance.get_concurrency_config()
        assert config.run_queue_config.max_concurrent_runs == 20
        assert not instance.run_retries_enabled and instance.run_monitoring_enabled
    assert "pool gpu: 3 steps at once" in capsys.readouterr().out


def test_a_pool_without_a_sensible_limit_is_refused_with_all_others(monkeypatch):
    monkeypatch.setenv("VIDPIPE_POOL_GPU", "many")
    monkeypatch.setenv("VIDPIPE_POOL_API", "0")
    with pytest.raises(Misconfigured) as error:
        prepare.pool_limits(load_settings())
    assert len(error.value.problems) == 2


def test_a_pool_counts_requests_and_not_steps(monkeypatch):
    assert prepare.pool_limits(load_settings())["api"] == 4
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__API__URL", "http://127.0.0.1:9/v1")
    assert prepare.pool_limits(load_settings())["api"] == 1
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__API__PARALLEL", "2")
    assert prepare.pool_limits(load_settings())["api"] == 2
    monkeypatch.setenv("VIDPIPE_POOL_API", "1")
    with pytest.raises(Misconfigured, match="1 requests at once, but one step sends 2"):
        prepare.pool_limits(load_settings())


def test_models_are_fetched_before_the_first_run_and_one_that_cannot_be_stops_nothing(
    tmp_path, monkeypatch, capsys
):
    asked = []

    def fetch(self, item, *, again):
        asked.append(item.name)
        raise Unavailable(f"{item.name} cannot be had")

    monkeypatch.setattr(ModelStore, "_fetch", fetch)
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    prepare.allow_model_download()
    assert asked == [], "fetching is switched off"
    monkeypatch.setenv("VIDPIPE_ALLOW_MODEL_DOWNLOAD", "true")
    prepare.allow_model_download()
    assert {"whisper-small", "centerface"} <= set(asked) and "silero-vad" not in asked
    assert "centerface cannot be had" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tags", "added"),
    [
        ({}, {CHANNEL: "default", PRIORITY: "4", CAUSE: "manual"}),
        (
            {"dagster/backfill": "b"},
            {CHANNEL: "default", PRIORITY: "-96", CAUSE: "backfill"},
        ),
        ({PRIORITY: "7", CAUSE: "upload"}, {CHANNEL: "default"}),
        ({PRIORITY: "0", CAUSE: "upload", CHANNEL: "default"}, {}),
    ],
)
def test_runs_from_anywhere_have_channel_and_priority(tmp_path, monkeypatch, tags, added):
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    coordinator._catalog.cache_clear()
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite").ready()
    catalog.accept_video(video(priority=4))
    assert coordinator.tags_for({"dagster/partition": KEY, **tags}) == added
    coordinator._catalog.cache_clear()


def test_a_run_is_queued_also_when_the_catalog_is_away(monkeypatch):
    monkeypatch.setenv("VIDPIPE_DATABASE_URL", "postgresql+psycopg2://u:p@127.0.0.1:9/none")
    coordinator._catalog.cache_clear()
    assert coordinator.tags_for({"dagster/partition": KEY})[PRIORITY] == "0"
    coordinator._catalog.cache_clear()
    assert coordinator.tags_for({"dagster/partition": "2026-01-01"}) == {}
    assert coordinator.tags_for({}) == {}


# Start-up and secrets


def loaded(**environment):
    """What loading the definitions in a process of its own says."""
    import os

    kept = {k: v for k, v in os.environ.items() if not k.startswith("VIDPIPE_")}
    return subprocess.run(
        [sys.executable, "-c", "import definitions"],
        check=False,
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_start_with_mistakes_says_all_of_them_at_once(tmp_path):
    (tmp_path / "channels.yaml").write_text(
        "channels: {default: {clips: {count: 0}}, b: {colour: red}}"
    )
    said = loaded(
        VIDPIPE_HOME=str(tmp_path),
        VIDPIPE_STORE_URL="ftp://somewhere",
        VIDPIPE_DATABASE_URL="mysterious://canary-password@db",
        VIDPIPE_DROP_QUEUE_URL="https://sqs.example/queue",
        VIDPIPE_QUEUE__MAX_QUEUED_RUN="9",
    ).stderr
    for part in (
        "channels.default.clips.count",
        "channels.b.colour",
        "VIDPIPE_STORE_URL",
        "VIDPIPE_DATABASE_URL",
        "VIDPIPE_DROP_QUEUE_URL",
        "QUEUE__MAX_QUEUED_RUN: unknown setting; did you mean VIDPIPE_QUEUE__MAX_QUEUED_RUNS?",
    ):
        assert part in said
    assert "canary-password" not in said


def test_a_setting_that_does_not_fit_hides_no_name_that_is_none(monkeypatch):
    from vidpipe.readiness import readiness, start_up

    monkeypatch.setenv("VIDPIPE_QUEUE__MAX_QUEUED_RUN", "9")
    assert not next(i for i in readiness() if i.name == "settings").ok
    monkeypatch.setenv("VIDPIPE_DROP_SETTLE_S", "soon")
    with pytest.raises(Misconfigured) as error:
        start_up()
    assert {p.split(":")[0] for p in error.value.problems} == {
        "VIDPIPE_DROP_SETTLE_S",
        "VIDPIPE_QUEUE__MAX_QUEUED_RUN",
    }


def bucket_options(secret):
    return json.dumps(
        {
            "endpoint": "http://127.0.0.1:9",
            "access_key_id": f"{secret}-id",
            "secret_access_key": secret,
            "region": "us-east-1",
        }
    )


CANARIES = {
    "VIDPIPE_STORE_OPTIONS": json.dumps(
        {
            "endpoint": "http://127.0.0.1:9",
            "access_key_id": "canary1",
            "secret_access_key": "canary2",
            "region": "us-east-1",
        }
    ),
    "VIDPIPE_STORE_URL": "s3://store",
    "VIDPIPE_DROP_URL": "s3://drop",
    "VIDPIPE_DROP_OPTIONS": json.dumps(
        {
            "endpoint": "http://127.0.0.1:9",
            "access_key_id": "canary3",
            "secret_access_key": "canary4",
            "region": "us-east-1",
        }
    ),
    "VIDPIPE_DATABASE_URL": "postgresql+psycopg2://u:canary5@127.0.0.1:9/none",
    "VIDPIPE_NOTIFY__TARGETS__TEAM__URL": "json://127.0.0.1:9/canary6",
    "VIDPIPE_TRANSCRIPT__API__URL": "http://127.0.0.1:9/v1",
    "VIDPIPE_TRANSCRIPT__API__KEY": "canary7",
    "VIDPIPE_LLM__URL": "http://127.0.0.1:9/v1",
    "VIDPIPE_LLM__MODEL": "m",
    "VIDPIPE_LLM__KEY": "canary8",
}


@pytest.mark.parametrize("command", ["check", "status", "failures", "retention", "migrate"])
def test_no_secret_is_shown_whatever_goes_wrong(tmp_path, monkeypatch, command):
    from typer.testing import CliRunner

    from vidpipe.cli import app

    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    said = CliRunner().invoke(app, [command])
    assert said.exit_code != 0 and "127.0.0.1:9" in said.output
    assert "canary" not in said.output


@pytest.mark.slow
def test_no_secret_reaches_the_event_log_or_the_ui(tmp_path, monkeypatch):
    """Ticks, runs and what the webserver tells of resources and configuration."""
    from definitions import build_defs

    # A step that found nothing there waits 39 s before it was tried often enough.
    monkeypatch.setattr("vidpipe.operations.recovery.STEP_RETRY_DELAYS_S", (0.01, 0.01, 0.01))
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    monkeypatch.setenv("VIDPIPE_DATABASE_URL", f"sqlite:///{tmp_path}/canary5.sqlite")
    defs = build_defs(executor=dg.in_process_executor)
    told = []
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("videos", [KEY])
        result = defs.resolve_job_def("process_video").execute_in_process(
            instance=instance,
            partition_key=KEY,
            raise_on_error=False,
            asset_selection=[dg.AssetKey("source_video")],
        )
        assert not result.success
        told += [str(e) for e in instance.all_logs(result.run_id)]
        for sensor in defs.sensors:
            context = dg.build_sensor_context(
                instance=instance, resources={"vidpipe": VidpipeResource()}
            )
            told.append(str(sensor.evaluate_tick(context)))
    repository = defs.get_repository_def()
    from dagster._core.remote_representation.external_data import RepositorySnap

    told.append(str(RepositorySnap.from_def(repository)))
    text = "\n".join(told).replace(f"{tmp_path}/canary5.sqlite", "")
    assert len(text) > 10_000 and "canary" not in text


def test_the_webservers_first_page_does_not_wait_for_a_database_library():
    code = "import sys, sensors.coordinator; sys.exit('sqlalchemy.orm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
