"""What a stage is: everything that is to be known of it, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from vidpipe.catalog.catalog import Rows
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.stage_run import Options, StageRun
from vidpipe.storage.keys import Folder

Prepared = TypeVar("Prepared")
Document = TypeVar("Document", bound=BaseModel)


class ItemRef(Protocol):
    """A part of a stage's result with files and a manifest of its own: a clip, an export."""

    @property
    def artifact(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...


class NoOptions(BaseModel):
    """For stages without any."""


def no_options(_: Order) -> NoOptions:
    """For stages that nothing of the order can change."""
    return NoOptions()


def nothing_prepared(_: Order, __: StageRun[Any]) -> Any:
    """For stages that work with nothing but inputs and options."""
    return None


def no_identity(_: StageRun[Any], __: Any) -> dict[str, Any]:
    """For stages whose result rests on nothing but inputs and options."""
    return {}


def always_complete(_: BaseModel) -> bool:
    """For stages that give all or nothing."""
    return True


def no_items(_: BaseModel) -> Iterable[ItemRef]:
    """For stages whose result is one artifact."""
    return ()


def no_rows(_: str, __: BaseModel) -> Rows | None:
    """For stages whose result nobody queries."""
    return None


def one_format(_: Order) -> int:
    """For stages that make each part once."""
    return 1


@dataclass(frozen=True)
class Stage(Generic[Options, Prepared, Document]):
    """One stage: everything that the rest of vidpipe needs to know of it.

    Attributes:
        name: of the stage and of its artifact.
        version: changes when the same inputs and options give another result.
        folder: where its artifact and its items lie.
        inputs: artifacts it reads.
        document: the type of its result.
        options: what of the order can change its result, and is known at once. All of it is
            in the fingerprint; `run` sees no more of the order.
        run: the work; returns the document, files go through `StageRun.new_file`.
        prepare: finds out before the work what it will be done with (a model, a source of
            words): `identity` and `run` both get it. Loads nothing large: a plan asks as well.
        identity: what of that the result rests on, for the fingerprint.
        reads: the fields of settings, channel and sidecar that `prepare` uses, and `run`
            through it: `identity` tells of each, or it changes no result. A test holds it.
        whole: whether a result is all that was wanted; one that is not is made again.
        items: the parts that a result names and that are stored by themselves.
        rows: what people query of a result, as rows of the catalog; of a video's id and it.
        formats: how often it makes each part for an order, in another shape each time.
    """

    name: str
    version: str
    folder: Folder
    inputs: tuple[str, ...]
    document: type[Document]
    options: Callable[[Order], Options]
    run: Callable[[StageRun[Options], Prepared], Document]
    prepare: Callable[[Order, StageRun[Options]], Prepared] = nothing_prepared
    identity: Callable[[StageRun[Options], Prepared], dict[str, Any]] = no_identity
    reads: tuple[str, ...] = ()
    whole: Callable[[Document], bool] = always_complete
    items: Callable[[Document], Iterable[ItemRef]] = no_items
    rows: Callable[[str, Document], Rows | None] = no_rows
    formats: Callable[[Order], int] = one_format

    def cache_key_inputs(self, run: StageRun[Options], prepared: Prepared) -> Mapping[str, Any]:
        """Everything that its result rests on."""
        return {
            "stage": self.name,
            "version": self.version,
            "options": run.options.model_dump(mode="json"),
            "identity": self.identity(run, prepared),
            "inputs": {name: made.content_digest for name, made in run.inputs.items()},
            "upload": run.upload.fingerprint,
        }


#: Any stage, where its types do not matter.
AnyStage = Stage[Any, Any, Any]
