"""What the repository says of itself is so."""

import ast
import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import vidpipe
from vidpipe.pipeline import TALKS

ROOT = Path(__file__).parents[2]


def test_the_changelog_has_every_stage_in_its_version():
    """A raised version gives other clips: it lands together with a line for whoever has clips."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = text.split("### Stage versions")[1].split("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| (\w+) \| \S", newest, re.M))
    versions = {stage.name: stage.version for stage in TALKS.stages}
    versions["platform_exports"] = TALKS.stage("platform_exports/tiktok").version
    assert told == versions


def test_the_version_is_that_of_the_installed_package():
    assert re.match(r"\d+(\.\d+)+", vidpipe.__version__)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = vidpipe.no_such_name


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs" / "adr"
    records = {path.name for path in folder.glob("[0-9]*.md")}
    assert (
        set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())) == records
    )
    for name in records:
        text = (folder / name).read_text("utf-8")
        for part in ("Context", "Decision", "Consequences", "Alternatives"):
            assert f"\n## {part}\n" in text, f"{name}: {part}"


def test_every_dependency_is_explained_and_nothing_else():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {"": project["dependencies"], **project["optional-dependencies"]}
    wanted = {
        (canonicalize_name(requirement.name), extra)
        for extra, texts in declared.items()
        for requirement in map(Requirement, texts)
        if requirement.name != "vidpipe"
    }
    page = (ROOT / "docs" / "explanation" / "dependencies.md").read_text("utf-8")
    told = set()
    for part in page.split("\n## ")[1:]:
        for name, second in re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", part, re.M):
            extras = [""] if part.startswith("Core") else re.findall(r"`([\w-]+)`", second)
            told |= {(canonicalize_name(name), extra) for extra in extras}
    assert told == wanted


def words():
    spec = importlib.util.spec_from_file_location("words", ROOT / "docs" / "words.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_words_of_other_terms_are_found_where_they_are_and_not_in_code():
    text = (
        "Made anew.\n`anew` [x](anew.md)\n```sh\nanew\n```\n\nA sign\nof life, so long as it lasts."
    )
    assert [(line, said) for line, said, _ in words().found(text)] == [
        (1, "anew"),
        (7, "sign of life"),
    ]


def test_pages_and_descriptions_use_the_terms_of_the_style():
    checker = words()
    wrong = {
        str(path.relative_to(ROOT)): [said for _, said, _ in checker.found(path.read_text("utf-8"))]
        for path in checker.pages()
    }
    assert {name: said for name, said in wrong.items() if said} == {}
    assert len(wrong) > 30


def test_no_two_classes_share_a_name():
    """A word means one thing; private classes are nobody's words."""
    found: dict[str, list[str]] = {}
    for package in ("vidpipe", "assets", "resources", "sensors", "deploy"):
        for path in (ROOT / package).rglob("*.py"):
            for item in ast.parse(path.read_text("utf-8")).body:
                if isinstance(item, ast.ClassDef) and not item.name.startswith("_"):
                    found.setdefault(item.name, []).append(str(path.relative_to(ROOT)))
    assert len(found) > 200
    assert {name: where for name, where in found.items() if len(where) > 1} == {}
