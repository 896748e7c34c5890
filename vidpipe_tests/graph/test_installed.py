"""What a stranger gets: the wheel outside the repository, and the daemon for real."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
from pathlib import Path

import pytest

from vidpipe_tests.conftest import CHANNELS

ROOT = Path(__file__).parents[2]


def clean_environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VIDPIPE_", "DAGSTER_"))}
    kept.pop("PYTHONPATH", None)
    return {**kept, **more}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder)]
    subprocess.run([*pip, str(ROOT)], check=True, capture_output=True, timeout=300)
    [made] = folder.glob("vidpipe-*.whl")
    return made


def environment(wheel, folder, without=()):
    """An environment with our wheel, whose requirements are borrowed from this one.

    Args:
        wheel: our own packages come from it alone.
        folder: where the environment is made.
        without: what the names of packages begin with that it does not have.

    Returns:
        Its folder of programs.
    """
    venv.create(folder / "venv", with_pip=True, system_site_packages=False)
    programs = folder / "venv" / "bin"
    subprocess.run(
        [str(programs / "python"), "-m", "pip", "install", "--quiet", "--no-deps", str(wheel)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    [ours] = (folder / "venv" / "lib").glob("python*/site-packages")
    borrowed = folder / "borrowed"
    borrowed.mkdir()
    for item in Path(sysconfig.get_path("purelib")).iterdir():
        own = "vidpipe" in item.name or item.name.endswith(".pth")
        if not own and not item.name.startswith(without):
            (borrowed / item.name).symlink_to(item)
    (ours / "borrowed.pth").write_text(f"{borrowed}\n")
    return programs


_ASK_FOR_DOCUMENT = """
from starlette.testclient import TestClient
from vidpipe.library import Library
from vidpipe.web.server import web_app

browser = TestClient(web_app(Library.open()), base_url="http://localhost")
print(*(browser.get(f"/docs/{name}").status_code for name in ("runbook.md", "none.md")))
"""


def test_the_command_works_where_dagster_is_not_installed(wheel, tmp_path):
    programs = environment(wheel, tmp_path, without=("dagster",))

    def run(*arguments):
        return subprocess.run(
            [str(programs / arguments[0]), *arguments[1:]],
            check=False,
            cwd=tmp_path,
            env=clean_environment(
                VIDPIPE_HOME=str(tmp_path / "home"), VIDPIPE_ALLOW_MODEL_DOWNLOAD="false"
            ),
            capture_output=True,
            text=True,
            timeout=120,
        )

    assert run("python", "-c", "import dagster").returncode == 1
    checked = run("vidpipe", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    # What another package left beside ours is not served as our documents.
    [packages] = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (packages / "docs").mkdir()
    (packages / "docs" / "runbook.md").write_text("# Somebody else's")
    served = run("python", "-c", _ASK_FOR_DOCUMENT)
    assert served.stdout == "404 404\n", served.stderr
    wanted = run("python", "-c", "import definitions")
    assert "pip install 'vidpipe[dagster]'" in wanted.stderr


def test_the_wheel_works_outside_the_repository(wheel, tmp_path):
    installed = environment(wheel, tmp_path)
    python = str(installed / "python")
    settings = clean_environment(
        VIDPIPE_HOME=str(tmp_path / "home"), VIDPIPE_ALLOW_MODEL_DOWNLOAD="false"
    )

    def run(*arguments):
        return subprocess.run(
            [python, *arguments],
            check=False,
            cwd=tmp_path,
            env=settings,
            capture_output=True,
            text=True,
            timeout=120,
        )

    where = run("-c", "import vidpipe, definitions; print(vidpipe.__file__, definitions.__file__)")
    assert str(ROOT) not in where.stdout and where.returncode == 0, where.stderr
    checked = run(str(installed / "vidpipe"), "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    # One step in a forked process of the real executor.
    script = tmp_path / "step.py"
    script.write_text(
        "import dagster as dg, definitions\n"
        "def job():\n"
        "    return definitions.defs.resolve_job_def('intake')\n"
        "def forked():\n"
        "    @dg.op\n"
        "    def look():\n"
        "        from vidpipe.platforms import load_presets\n"
        "        assert len(load_presets()) >= 3\n"
        "    @dg.job(executor_def=definitions.defs.executor)\n"
        "    def one_step():\n"
        "        look()\n"
        "    return one_step\n"
        "if __name__ == '__main__':\n"
        "    import tempfile\n"
        "    with dg.instance_for_test() as instance:\n"
        "        done = dg.execute_job(dg.reconstructable(forked), instance=instance)\n"
        "        assert done.success\n"
        "        print('STEP DONE')\n"
    )
    stepped = run(str(script))
    assert "STEP DONE" in stepped.stdout, stepped.stderr[-3000:]


def graphql(port, query, **variables):
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql", data=body, headers={"Content-Type": "application/json"}
    )
    return json.loads(urllib.request.urlopen(request, timeout=20).read())["data"]


def wait_for(what, seconds, look):
    for _ in range(seconds * 2):
        try:
            found = look()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"no {what} within {seconds} s")


def launched(port, key):
    """Tags of a run that is launched with nothing but its partition."""
    [location] = graphql(
        port,
        "{repositoriesOrError {... on RepositoryConnection {nodes {name location {name}}}}}",
    )["repositoriesOrError"]["nodes"]
    selector = {
        "repositoryName": location["name"],
        "repositoryLocationName": location["location"]["name"],
        "jobName": "process_video",
    }
    tags = [{"key": "dagster/partition", "value": key}]
    run = graphql(
        port,
        "mutation L($p: ExecutionParams!) {launchRun(executionParams: $p) {... on LaunchRunSuccess"
        " {run {runId}} ... on PythonError {message}}}",
        p={"selector": selector, "executionMetadata": {"tags": tags}, "runConfigData": {}},
    )["launchRun"]["run"]
    found = graphql(
        port,
        "query R($id: ID!) {runOrError(runId: $id) {... on Run {tags {key value}}}}",
        id=run["runId"],
    )["runOrError"]["tags"]
    return {t["key"]: t["value"] for t in found}


def test_a_file_dropped_under_the_real_daemon_comes_out_as_clips(talk, tmp_path):
    """Webserver and daemon as `make dev` starts them; the UI sees the run succeed."""
    import socket

    home = tmp_path / "home"
    instance = home / "dagster"
    instance.mkdir(parents=True)
    shutil.copy(ROOT / "dagster.yaml", instance)
    (home / "channels.yaml").write_text(CHANNELS)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = (tmp_path / "dev.log").open("wb")
    dev = subprocess.Popen(
        [str(Path(sys.executable).parent / "dg"), "dev", "-w", "workspace.yaml", "-p", str(port)],
        cwd=ROOT,
        env=clean_environment(
            VIDPIPE_HOME=str(home),
            DAGSTER_HOME=str(instance),
            VIDPIPE_DROP_SETTLE_S="0",
            VIDPIPE_ALLOW_MODEL_DOWNLOAD="false",
            PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        ),
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        wait_for("webserver", 90, lambda: graphql(port, "{version}"))
        folder = home / "drop" / "default"
        wait_for("drop folder", 60, folder.exists)
        for suffix in (".srt", ".mp4"):
            shutil.copy(talk.path.with_suffix(suffix), folder / f"talk{suffix}")

        def finished():
            runs = graphql(
                port,
                '{runsOrError(filter: {pipelineName: "process_video"}) '
                "{... on Runs {results {status tags {key value}}}}}",
            )["runsOrError"]["results"]
            done = [r for r in runs if r["status"] in ("SUCCESS", "FAILURE")]
            return done or None

        [run] = wait_for("finished run", 180, finished)
        assert run["status"] == "SUCCESS"
        key = next(t["value"] for t in run["tags"] if t["key"] == "dagster/partition")
        assert key.startswith("default--talk-")
        made = list((home / "store" / "default" / key / "exports").glob("*.mp4"))
        assert made
        # A run that somebody launches from the UI is put in the queue like ours.
        tags = launched(port, key)
        assert tags["vidpipe/channel"] == "default" and tags["vidpipe/cause"] == "manual"
        assert tags["dagster/priority"] == "0"
    finally:
        os.killpg(dev.pid, signal.SIGTERM)
        try:
            dev.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(dev.pid, signal.SIGKILL)
        log.close()
