"""One encode: a planned clip in all its shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from vidpipe.clips.graph.bumpers import add_film_sound
from vidpipe.clips.graph.clip import Output, clip_graph
from vidpipe.clips.model import ClipOptions
from vidpipe.clips.sound import make_sound
from vidpipe.media.encoders import SOFTWARE
from vidpipe.media.ffmpeg import MEMORY_BYTES, render
from vidpipe.media.probe import MediaInfo
from vidpipe.transcript.model import Word


def render_clip(
    source: Path,
    info: MediaInfo,
    outputs: Sequence[Output],
    words: Sequence[Word],
    options: ClipOptions,
    on_progress: Callable[[float], None] | None = None,
    encoder: AbstractContextManager[Any] | None = None,
    on_encode: Callable[[], None] | None = None,
    cover: Path | None = None,
) -> None:
    """Encode one clip in all its shapes: the source is decoded once, the sound made once.

    Args:
        source: the video on this machine.
        info: its probe.
        outputs: what to make; their plans keep the same of the source.
        words: of the whole recording; burned in when there are any.
        options: look and sound.
        on_progress: called with 0 to 1.
        encoder: held while the pictures are encoded; sound is made before.
        on_encode: called when the encoder is held and begins.
        cover: the picture of a recording without any of its own.
    """
    plan, work = outputs[0].plan, outputs[0].work
    sound = make_sound(source, info, plan.edit, options, work)
    sound = add_film_sound(sound, plan, options, work)
    graph = clip_graph(source, info, outputs, words, options, sound, cover)
    with encoder or nullcontext():
        if on_encode is not None:
            on_encode()
        render(
            graph,
            timeout_s=len(outputs) * (120 + 60 * plan.duration_s),
            duration_s=plan.duration_s,
            on_progress=on_progress,
            memory_bytes=MEMORY_BYTES if options.encoder == SOFTWARE else None,
        )
