"""The shapes of one clip, encoded in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.model import ClipOptions, ClipPlan, Encoded, FinishedClip, Variant
from vidpipe.exports.model import Estimate
from vidpipe.pipeline.estimates import Watch
from vidpipe.transcript.model import Word


@dataclass(frozen=True)
class ClipShape:
    """A clip in one variant: its artifact, all that its file rests on, and what is said."""

    plan: ClipPlan
    variant: Variant
    artifact: str
    cache_key_inputs: Mapping[str, Any]
    words: Sequence[Word] = ()


class Rendering(Protocol):
    """What a job has done for it."""

    def watch(self, shapes: Sequence[ClipShape], options: ClipOptions) -> Watch:
        """What encoding a clip in these shapes will take."""
        ...

    def render(
        self,
        outputs: Sequence[Output],
        words: Sequence[Word],
        options: ClipOptions,
        on_progress: Callable[[float], None],
        on_encode: Callable[[], None],
    ) -> None:
        """Encode the shapes of one clip, while no other is encoded."""
        ...

    def finished(
        self, output: Output, words: Sequence[Word], options: ClipOptions, encoded: Encoded
    ) -> tuple[Mapping[str, Path], FinishedClip]:
        """The files that stand beside a clip, and what it looks and sounds like."""
        ...


class EncodeJob:
    """The shapes of one clip that are not in the store: the first that is made makes them all."""

    def __init__(
        self,
        renderer: Rendering,
        shapes: Sequence[ClipShape],
        options: ClipOptions,
        on_progress: Callable[[float], None],
        on_estimate: Callable[[Estimate], None],
    ) -> None:
        self._renderer = renderer
        self._shapes = shapes
        self._options = options
        self._on_progress = on_progress
        self._on_estimate = on_estimate
        self._done: tuple[Watch, Mapping[str, Output]] | None = None

    def made(self, shape: ClipShape, work: Path) -> tuple[Mapping[str, Path], FinishedClip]:
        """The files of one shape; `work` is a folder that lasts as long as the job."""
        if self._done is None:
            self._done = self._encoded(work)
        watch, outputs = self._done
        share = shape.variant.size.rect.area / sum(s.variant.size.rect.area for s in self._shapes)
        encoded = Encoded(
            estimated_s=watch.estimate.seconds,
            seconds=watch.seconds,
            estimated_bytes=round(share * watch.estimate.size_bytes),
        )
        return self._renderer.finished(
            outputs[shape.variant.name], shape.words, self._options, encoded
        )

    def _encoded(self, work: Path) -> tuple[Watch, Mapping[str, Output]]:
        """All shapes encoded in one go, after what it will take was told."""
        watch = self._renderer.watch(self._shapes, self._options)
        self._on_estimate(watch.estimate)
        outputs = {}
        for shape in self._shapes:
            name = shape.variant.name
            outputs[name] = Output(shape.plan, shape.variant, work / name)
            outputs[name].work.mkdir()
        self._renderer.render(
            list(outputs.values()),
            self._shapes[0].words,
            self._options,
            self._on_progress,
            watch.begin,
        )
        watch.done(sum((o.work / CLIP).stat().st_size for o in outputs.values()))
        return watch, outputs
