"""The documents: every command runs, every example is valid, every link leads somewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from dagster._core.execution.api import create_execution_plan
from typer.testing import CliRunner

from vidpipe.channels import load_channels
from vidpipe.cli.app import app
from vidpipe.intake.model import Instructions
from vidpipe.testmedia.podcast import code
from vidpipe_tests.docs import doubles
from vidpipe_tests.docs.forked import forking

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")]
PAGES += [ROOT / "benchmarks" / "README.md", ROOT / ".github" / "pull_request_template.md"]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
#: What a command may need of a checkout.
CHECKOUT = ("deploy", "docs", "Makefile", "pyproject.toml", "dagster.yaml", "workspace.yaml")
#: Pages whose commands are started as anybody starts them; the others fork from one process.
STARTED = ("docs/tutorial.md",)
#: How the documents write an id.
ANY_ID = re.compile(r"\b[a-z]+--[a-z-]+-0123456789\b")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def pages_with(language: str) -> list[object]:
    return [pytest.param(page, id=named(page)) for page in PAGES if blocks(page, language)]


@pytest.fixture
def checkout(tmp_path, talk, processed):
    """A checkout with a talk in it, and a library in which that talk is processed."""
    folder = tmp_path / "vidpipe"
    folder.mkdir()
    for name in CHECKOUT:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    shutil.copytree(processed.engine.settings.home, folder / ".vidpipe")
    drop = folder / ".vidpipe" / "drop" / "default"
    drop.mkdir(parents=True, exist_ok=True)
    for suffix in (".mp4", ".srt"):
        for target in (folder / f"talk{suffix}", drop / f"demo-talk{suffix}"):
            shutil.copy(talk.path.with_suffix(suffix), target)
    code(talk.path, folder / "talk.mp3")
    own = folder / ".venv" / "bin"
    own.mkdir(parents=True)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in doubles.PROGRAMS:
        program = (own if name == "pip" else programs) / name
        program.write_text(f"#!{sys.executable}\n{Path(doubles.__file__).read_text()}")
        program.chmod(0o755)
    for name in ("vidpipe", "openapi-python-client"):
        (own / name).symlink_to(Path(sys.executable).with_name(name))
    return folder


def surroundings() -> dict[str, str]:
    """The environment of a stranger who has set nothing of ours."""
    ours = ("VIDPIPE_", "DAGSTER_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false"}


@pytest.fixture(scope="session")
def loaded_once() -> Iterator[str]:
    """A program that calls `vidpipe` in a process which has loaded it."""
    # A socket's path is short.
    with (
        tempfile.TemporaryDirectory(prefix="vidpipe-") as folder,
        forking(Path(folder), surroundings()) as program,
    ):
        yield program


@pytest.mark.parametrize("page", pages_with("sh"))
def test_every_command_runs(page, checkout, processed, s3_endpoint, request):
    if named(page) not in STARTED:
        command = checkout / ".venv" / "bin" / "vidpipe"
        command.unlink()
        command.write_text(request.getfixturevalue("loaded_once"))
        command.chmod(0o755)
    # Without a comment, so that no path can be taken for one.
    script = "\n".join(["set -euo pipefail", *blocks(page, "sh")])
    script = ANY_ID.sub(processed.video_id, script).replace("http://localhost:9000", s3_endpoint)
    programs = checkout.parent / "programs"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=checkout,
        env={**surroundings(), "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", pages_with("yaml"))
def test_every_example_is_valid(page, tmp_path):
    from definitions import defs

    for block in blocks(page, "yaml"):
        example = yaml.safe_load(block)
        if "channels" in example:
            (tmp_path / "channels.yaml").write_text(block)
            assert set(load_channels(tmp_path / "channels.yaml")) >= set(example["channels"])
        elif "resources" in example:
            job = defs.resolve_job_def("process_video")
            assert create_execution_plan(job, run_config=example)
        else:
            assert Instructions.model_validate(example) != Instructions()


@pytest.mark.parametrize("page", [pytest.param(p, id=named(p)) for p in PAGES])
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = unquote(target).partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{named(page)}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{named(page)}: {target}"


def anchors(page: Path) -> set[str]:
    """Of the headings, as forges make them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_reference_is_what_the_code_says(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for name, text in generate.pages().items():
        assert (generate.FOLDER / f"{name}.md").read_text("utf-8") == text, f"{name}: `make docs`"
    there = {path.stem for path in generate.FOLDER.glob("*.md")}
    assert there == set(generate.pages())
    described = (generate.FOLDER / "openapi.json").read_text("utf-8")
    assert described == generate.openapi(), "openapi.json: `make docs`"


def test_the_drawing_is_what_the_code_says():
    spec = importlib.util.spec_from_file_location("drawing", ROOT / "docs" / "drawing.py")
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    assert drawing.FILE.read_text("utf-8") == drawing.drawing(), "`make docs`"
    drawing._SHELL["a_sensor_that_is_gone"] = "nothing"
    with pytest.raises(KeyError, match="a_sensor_that_is_gone"):
        drawing.drawing()


def test_every_command_of_the_reference_takes_its_flags():
    """The reference is written from annotations; this asks the commands themselves."""
    text = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    commands = [(s.splitlines()[0].split(), set(re.findall(r"`(--[\w-]+)", s))) for s in sections]
    flags = [(name, found) for name, found in commands if found]
    assert len(flags) > 8
    for name, found in flags:
        shown = CliRunner().invoke(app, [*name, "--help"], env={"COLUMNS": "200"})
        assert shown.exit_code == 0
        assert found <= set(re.findall(r"--[\w-]+", shown.output)), name


def test_pictures_of_the_documents_are_small_enough_to_be_kept():
    pictures = [p for p in (ROOT / "docs").rglob("*") if p.suffix in (".png", ".jpg", ".svg")]
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size < 400_000, picture
    named_somewhere = "\n".join(page.read_text("utf-8") for page in PAGES)
    for picture in pictures:
        assert picture.name in named_somewhere, f"{picture}: nobody shows it"


def test_doubles_refuse_what_is_not_there(checkout):
    def call(program: str, *given: str) -> str:
        path = checkout / ".venv/bin/pip" if program == "pip" else checkout.parent / "programs"
        path = path if program == "pip" else path / program
        done = subprocess.run(
            [path, *given], cwd=checkout, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        return done.stderr

    assert "no deploy/none.yaml" in call("docker", "compose", "-f", "deploy/none.yaml", "up")
    compose = ("compose", "-f", "deploy/compose.yaml")
    assert "no service nobody" in call("docker", *compose, "exec", "nobody", "ls")
    assert "no such extra: gpx" in call("pip", "install", "-e", ".[gpx]")
    assert "nothing" in call("make", "nothing")
    assert "there is no x.yaml" in call("helm", "install", "vidpipe", "chart", "-f", "x.yaml")


def test_the_library_is_used_as_its_page_says(processed, talk, tmp_path, monkeypatch):
    """Each block of Python on the page runs, in order, in a folder that holds a recording."""
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    monkeypatch.setenv("VIDPIPE_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    for path in talk.path.parent.glob(f"{talk.path.stem}*"):
        shutil.copy(path, tmp_path / f"talk{path.name.removeprefix(talk.path.stem)}")
    page = (ROOT / "docs" / "how-to" / "use-as-a-library.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(blocks) == 3
    known: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "use-as-a-library.md", "exec"), known)
    assert len(known["results"].exports) == 4
    assert known["video"].state == "done" and known["failed"].items == ()
    assert (tmp_path / "clips" / "results.json").is_file()
