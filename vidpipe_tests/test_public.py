"""What programs may rely on: names, how they are called, and that they cost nothing unasked."""

import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import vidpipe
from vidpipe.results.model import Results
from vidpipe_tests.conftest import make_engine

#: Renew with `python -m vidpipe_tests.test_public`, and say what changed in CHANGELOG.md.
SURFACE = Path(__file__).with_name("public_surface.json")


def surface() -> dict[str, list[str]]:
    """Every public name: of a class its public methods and fields, with their parameters."""
    found = {}
    for name in vidpipe.__all__:
        item = getattr(vidpipe, name)
        if inspect.isfunction(item):
            found[name] = [f"{name}{_parameters(item)}"]
        elif inspect.isclass(item):
            fields = list(getattr(item, "model_fields", {})) or [
                m.name for m in getattr(item, "__members__", {}).values()
            ]
            methods = [
                f"{n}{_parameters(m)}"
                for owner in item.__mro__
                if owner.__module__.startswith("vidpipe.")
                for n, m in vars(owner).items()
                if not n.startswith("_") and (inspect.isfunction(m) or isinstance(m, classmethod))
            ]
            found[name] = sorted(fields) + sorted(methods)
        else:
            found[name] = []
    return found


def _parameters(item: object) -> str:
    plain = item.__func__ if isinstance(item, classmethod) else item
    names = [
        f"*, {p.name}" if p.kind is p.KEYWORD_ONLY and first else p.name
        for first, p in _marked(inspect.signature(plain).parameters.values())
        if p.name not in ("self", "cls")
    ]
    return f"({', '.join(names)})"


def _marked(parameters):
    seen = False
    for item in parameters:
        keyword = item.kind is item.KEYWORD_ONLY
        yield keyword and not seen, item
        seen = seen or keyword


def test_the_public_names_are_as_they_were():
    assert surface() == json.loads(SURFACE.read_text())


def test_no_public_name_is_loaded_before_it_is_asked_for():
    said = subprocess.run(
        [sys.executable, "-c", "import vidpipe, sys; print(*sorted(sys.modules))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "vidpipe" in said
    assert not {"vidpipe.library", "pydantic", "numpy", "av", "sqlalchemy"} & set(said)


def test_a_name_that_is_none_is_said_as_python_says_it():
    with pytest.raises(AttributeError, match="has no attribute 'run_everything'"):
        vidpipe.run_everything  # noqa: B018
    assert set(vidpipe.__all__) <= set(dir(vidpipe))


def test_one_call_makes_clips_of_a_recording(processed, talk, tmp_path):
    shutil.copytree(processed.engine.settings.home, tmp_path / "home")
    settings = make_engine(tmp_path / "home").settings
    results = vidpipe.process(talk.path, tmp_path / "clips", settings=settings)
    assert isinstance(results, Results) and results.exports
    for export in results.exports:
        assert (tmp_path / "clips" / export.file).is_file()


if __name__ == "__main__":
    SURFACE.write_text(json.dumps(surface(), indent=1) + "\n")
