"""Stages in their order, and what they begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from vidpipe.pipeline.stage import AnyStage
from vidpipe.storage.keys import Folder


@dataclass(frozen=True)
class External:
    """An artifact that stages read and none makes: intake stored it."""

    name: str
    folder: Folder = Folder.RAW


#: What intake stores of every recording; `cover` of sound alone.
OF_INTAKE = (External("upload"), External("sidecar"), External("cover"))


@dataclass(frozen=True)
class PerPlatform:
    """Stages of which every platform has one, named `{name}/{platform}`.

    Attributes:
        name: what their names begin with.
        of: the stage of a platform.
    """

    name: str
    of: Callable[[str], AnyStage]

    def names(self, platforms: Sequence[str]) -> Iterator[str]:
        """The stages of these platforms."""
        return (f"{self.name}/{platform}" for platform in platforms)


@dataclass(frozen=True)
class Pipeline:
    """What is made of a recording.

    Attributes:
        stages: each after those that it reads.
        per_platform: after all of them, once for each platform.
        externals: what they begin with.
    """

    stages: tuple[AnyStage, ...]
    per_platform: tuple[PerPlatform, ...] = ()
    externals: tuple[External, ...] = OF_INTAKE

    def __post_init__(self) -> None:
        known = [external.name for external in self.externals]
        for item in self.stages:
            later = set(item.inputs) - set(known)
            if later:
                raise ValueError(
                    f"{item.name} reads {sorted(later)}, which nothing before it makes"
                )
            known.append(item.name)
        known += [item.name for item in self.per_platform]
        if len(set(known)) < len(known):
            raise ValueError(f"a name stands for two of {known}")

    def find(self, name: str) -> AnyStage | None:
        """One stage by name; None where there is none."""
        for item in self.stages:
            if item.name == name:
                return item
        family, _, platform = name.partition("/")
        for several in self.per_platform:
            if several.name == family and platform:
                return several.of(platform)
        return None

    def stage(self, name: str) -> AnyStage:
        """One stage by name.

        Raises:
            KeyError: there is none of this name.
        """
        found = self.find(name)
        if found is None:
            raise KeyError(f"there is no stage {name!r}; there are: {', '.join(self.kinds)}")
        return found

    def names(self, platforms: Sequence[str] = ()) -> list[str]:
        """The stages of one video in order, with those of these platforms."""
        every = [item.name for item in self.stages]
        for several in self.per_platform:
            every += several.names(platforms)
        return every

    @property
    def kinds(self) -> tuple[str, ...]:
        """The stages in order, those of all platforms as one."""
        return (*self.names(), *(several.name for several in self.per_platform))

    def kind(self, name: str) -> str:
        """The stage of a name, which that of a platform shares with those of the others."""
        family = name.partition("/")[0]
        return family if any(p.name == family for p in self.per_platform) else name

    def folder(self, artifact: str) -> Folder:
        """Where an artifact lies, of a stage or external.

        Raises:
            KeyError: there is none of this name.
        """
        for external in self.externals:
            if external.name == artifact:
                return external.folder
        return self.stage(artifact).folder

    def with_stage(self, stage: AnyStage) -> Pipeline:
        """The same with another stage in place of the one of its name.

        Raises:
            KeyError: there is none of this name, or every platform has one.
        """
        if stage.name not in self.names():
            raise KeyError(stage.name)
        return replace(
            self, stages=tuple(stage if s.name == stage.name else s for s in self.stages)
        )
