"""Weights of a model: in a folder that is given, in the cache, or fetched from the hub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vidpipe.errors import Unavailable


@dataclass
class Weights:
    """Where one model's weights come from.

    Attributes:
        name: of the model on the hub.
        holds: pattern of the file without which a folder has no weights.
        form: what kind of folder is wanted, for the person who has to provide one.
        setting: the setting that names such a folder.
        path: that folder, when it is set.
        cache: where fetched ones are kept.
        fetch: gets the model from the hub (or, when told so, only from the cache).
        may_download: whether the hub may be asked.
        what: the files to get when it cannot be.
    """

    name: str
    holds: str
    form: str
    setting: str
    path: str | None
    cache: Path
    fetch: Callable[[bool], str]
    may_download: bool
    what: str
    _folder: Path | None = None

    def folder(self) -> Path:
        """The folder, looked for once.

        Raises:
            Unavailable: there is none; says what to get and where to put it.
        """
        if self._folder is None:
            self._folder = self._given() if self.path is not None else self._fetched()
        return self._folder

    def _given(self) -> Path:
        given = Path(str(self.path)).expanduser()
        if not any(given.glob(self.holds)):
            raise Unavailable(f"there are no weights ({self.holds}) in {given}; give {self.form}")
        return given

    def _fetched(self) -> Path:
        reason = ""
        for only_local in (True, False) if self.may_download else (True,):
            try:
                folder = Path(self.fetch(only_local))
            except Exception as error:  # the hub client raises a different type per cause
                reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
                continue
            if any(folder.glob(self.holds)):
                return folder
            reason = "there are none among its files"
        fetched = f"could not be fetched ({reason})"
        raise Unavailable(
            f"the weights of {self.name!r} are not in {self.cache} and "
            f"{fetched if self.may_download else 'fetching is switched off'}; put {self.what} "
            f"from the hub into a folder and set {self.setting} to it"
        )

    @property
    def identity(self) -> str:
        """What tells these weights from others.

        The hub's cache names a folder after the commit; a folder given by path is told
        by its name and the size of its weights.
        """
        folder = self.folder()
        if self.path is None:
            return f"{self.name}:{folder.name}"
        return f"{folder.name}-{sum(f.stat().st_size for f in folder.glob(self.holds))}"


def hub_weights(
    model: str,
    revision: str,
    path: str | None,
    cache: Path,
    *,
    files: list[str],
    form: str,
    setting: str,
    may_download: bool,
) -> Weights:
    """Those of a model on the hub in safetensors: such files of one revision, or a folder."""

    def fetch(only_local: bool) -> str:
        from huggingface_hub import snapshot_download

        return str(
            snapshot_download(
                model,
                revision=revision,
                cache_dir=str(cache),
                allow_patterns=files,
                local_files_only=only_local,
            )
        )

    return Weights(
        name=model,
        holds="*.safetensors",
        form=form,
        setting=setting,
        path=path,
        cache=cache,
        fetch=fetch,
        may_download=may_download,
        what=f"its files {', '.join(files)} of revision {revision}",
    )
