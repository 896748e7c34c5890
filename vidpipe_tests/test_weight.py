"""The engine and the command stand without the orchestrator."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]

#: Every import of Dagster fails, as where it is not installed.
WITHOUT_DAGSTER = """
import importlib.abc, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0].startswith("dagster"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.split(".")[0])

sys.meta_path.insert(0, Missing())
"""


def python(script):
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_no_module_of_the_engine_needs_dagster():
    done = python(
        WITHOUT_DAGSTER
        + """
import importlib, pkgutil, vidpipe
names = [m.name for m in pkgutil.walk_packages(vidpipe.__path__, "vidpipe.")]
# Alembic runs these two by itself: they need its context.
names = [n for n in names if ".migrations." not in n]
for name in names:
    importlib.import_module(name)
assert not [m for m in sys.modules if m.startswith("dagster")]
print(len(names))
"""
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 150


def test_the_command_starts_without_dagster():
    done = python(
        WITHOUT_DAGSTER
        + """
from typer.testing import CliRunner
from vidpipe.cli import app
for command in ([], ["run"], ["plan"], ["failures"], ["serve"], ["check"]):
    shown = CliRunner().invoke(app, [*command, "--help"])
    assert shown.exit_code == 0, shown.output
print("started")
"""
    )
    assert done.stdout == "started\n", done.stderr


def test_a_service_loads_nothing_that_only_steps_use():
    done = python(
        """
import sys, vidpipe.api.app, vidpipe.library, vidpipe.mcp.http
heavy = ("scipy", "sklearn", "pyarrow", "onnxruntime", "dlib", "matplotlib", "pandas", "torch")
heavy += ("mcp",)
print([name for name in heavy if name in sys.modules])
"""
    )
    assert done.stdout == "[]\n", done.stdout + done.stderr


@pytest.mark.parametrize("package", ["assets", "sensors", "resources", "definitions"])
def test_the_graph_names_the_extra_that_it_needs(package):
    done = python(WITHOUT_DAGSTER + f"import {package}")
    assert done.returncode == 1
    *_, last = done.stderr.strip().splitlines()
    assert last == (
        "vidpipe.errors.Misconfigured: dagster is not installed: pip install 'vidpipe[dagster]'"
    )


def test_only_extras_bring_dagster():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not [r for r in project["dependencies"] if Requirement(r).name.startswith("dagster")]
    for extra in ("aws", "postgres", "k8s", "demo"):
        own = [Requirement(r) for r in project["optional-dependencies"][extra]]
        assert any("dagster" in r.extras for r in own if r.name == "vidpipe"), extra


#: What takes long to import: no command needs any of it to print its help.
HEAVY = "alembic av cv2 dagster faster_whisper matplotlib numpy obstore onnxruntime PIL pyarrow"
HEAVY += " fastapi pocketsphinx scipy sklearn sqlalchemy starlette torch transformers uvicorn"


def test_the_command_line_is_imported_without_what_is_heavy():
    done = python("import sys, vidpipe.cli\nprint(*sorted({m.split('.')[0] for m in sys.modules}))")
    loaded = set(done.stdout.split())
    assert "typer" in loaded, done.stderr
    assert not loaded & set(HEAVY.split())
