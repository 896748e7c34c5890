"""The same engine on S3 and PostgreSQL: the store and catalog of a deployment."""

import json
import shutil
import urllib.request

import dagster as dg
import pytest

from definitions import defs
from resources.vidpipe_resource import VidpipeResource
from sensors.drop_folder import drop_folder
from sensors.pending_uploads import pending_uploads
from sensors.video_requests import video_requests
from vidpipe.catalog.catalog import Catalog
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe.storage.keys import Folder
from vidpipe.storage.objects import ObjectStore
from vidpipe_tests.catalog.conftest import emptied
from vidpipe_tests.conftest import CHANNELS, run_all, take


@pytest.fixture
def production(tmp_path, s3_options, postgres_url, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / "channels.yaml").write_text(CHANNELS)
    prefix = f"s3://vidpipe-test/{tmp_path.name}"
    for name, value in {
        "HOME": str(home),
        "STORE_URL": f"{prefix}/store",
        "STORE_OPTIONS": json.dumps(s3_options),
        "DROP_URL": f"{prefix}/drop",
        "DROP_OPTIONS": json.dumps(s3_options),
        "DATABASE_URL": postgres_url,
    }.items():
        monkeypatch.setenv(f"VIDPIPE_{name}", value)
    catalog = Catalog(postgres_url)
    catalog.upgrade()
    yield load_settings()
    emptied(catalog)


def test_a_talk_through_s3_and_postgresql(production, talk):
    engine = Engine(production)
    outcome = take(engine, talk.path)
    ran = run_all(engine, outcome.video_id)
    clips = next(r for r in ran if r.stage == "rendered_clips").document.clips
    assert clips
    # Nothing of the video is kept on this machine but the bounded cache.
    assert not (production.home / "store").exists()
    assert list((production.scratch / "work").glob("*")) == []
    # The source was fetched once, whatever the number of stages.
    sources = list((production.scratch / "cache").glob("*/*.mp4"))
    assert sum(p.stat().st_size == talk.path.stat().st_size for p in sources) == 1
    # Another machine re-uses all of it, fetching what it needs.
    shutil.rmtree(production.scratch)
    again = run_all(Engine(production), outcome.video_id)
    assert all(r.reused for r in again)
    export = engine.catalog.exports(outcome.video_id)[0]
    link = engine.store.download_url(export.key)
    assert len(urllib.request.urlopen(link).read()) == export.size_bytes


def test_a_drop_folder_in_a_bucket(production, talk):
    engine = Engine(production)
    resource = VidpipeResource()
    store = ObjectStore(production.drop_url, production.plain_drop_options)
    store.put_file("default/talk über.mp4", talk.path)
    store.put_file("default/talk über.srt", talk.path.with_suffix(".srt"))

    def tick(sensor):
        return sensor(dg.build_sensor_context(instance=instance), vidpipe=resource)

    with dg.DagsterInstance.ephemeral() as instance:
        assert "1 videos, 1 new" in tick(drop_folder).skip_reason.skip_message
        [request] = tick(pending_uploads).run_requests
        job = defs.resolve_job_def("intake")
        assert job.execute_in_process(run_config=request.run_config, instance=instance).success
        [run] = tick(video_requests).run_requests
        assert run.partition_key.startswith("default--talk-uber-")
        assert engine.artifacts.current(run.partition_key, Folder.RAW, "sidecar") is not None
        assert "0 new" in tick(drop_folder).skip_reason.skip_message
        assert "nothing to take in" in tick(pending_uploads).skip_message
