"""Speech by Silero VAD, its edges and the silence around it by what stands out of the noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples, level_db
from vidpipe.media.voice import WINDOW, voice
from vidpipe.silence.model import SilenceOptions, SpeechMap
from vidpipe.silence.spectrum import FRAME_S, Prominence, cleaned, frame_count, noise_floor
from vidpipe.timeline import Interval, complement, span, union

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

#: Level is reported per hop of 50 ms.
HOP_S = 0.05
_HOP = int(HOP_S * SAMPLE_RATE)
_LEVELS_AT_ONCE = 1200

#: What it judges at a time, and what it hears before a block so that it knows where it is.
_VAD_FRAME_S = WINDOW / SAMPLE_RATE
_VAD_CONTEXT = 32 * WINDOW

#: Frames in which a voice is less likely than this tell what the room sounds like.
_SURELY_NO_VOICE = 0.15
_BACKGROUND_S = 20.0


def find_silence(
    samples: AudioSamples,
    options: SilenceOptions,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[SpeechMap, Floats]:
    """Speech and silence of a recording, and its level in dBFS per 50 ms, shape (n,).

    Two passes over the samples, 20 s at a time; three numbers per 8 ms are all that
    grows with the length (5 MiB an hour).
    """
    floor = noise_floor(samples)
    # Kept whole from the start: small arrays that stay behind between large ones
    # that go would pin the heap, and it would grow by gigabytes.
    frames = frame_count(samples)
    voice = np.empty(frames, np.float32)
    found = Prominence(np.empty(frames, np.float32), np.empty(frames, np.float32))
    level = np.empty(samples.count // _HOP, np.float32)
    before = np.zeros(_VAD_CONTEXT, np.float32)
    first = 0
    for k, (sound, part) in enumerate(cleaned(samples, floor)):
        last = first + len(part.level_db)
        voice[first:last] = _voice(before, sound)
        found.standing_out_db[first:last] = part.standing_out_db
        found.level_db[first:last] = part.level_db
        before = np.concatenate((before, sound))[-_VAD_CONTEXT:]
        first = last
        if on_progress is not None:
            on_progress((k + 1) / len(floor))
    for first in range(0, len(level), _LEVELS_AT_ONCE):
        part_s = samples.read(first * HOP_S, (first + _LEVELS_AT_ONCE) * HOP_S)
        level[first : first + _LEVELS_AT_ONCE] = level_db(part_s, _HOP)
    if not frames:
        return SpeechMap(duration_s=samples.duration_s), level
    speech, sounds = _judge(voice, found, samples.duration_s, options)
    quiet = complement(union([*speech, *sounds]), span(0.0, samples.duration_s))
    return SpeechMap(
        duration_s=samples.duration_s,
        speech=tuple(speech),
        silences=tuple(q for q in quiet if q.duration_s >= options.min_silence_s),
        sounds=tuple(sounds),
        noise_floor_db=round(float(np.percentile(level, 10)), 1) if len(level) else None,
        speech_level_db=_level_within(level, speech),
    ), level


def _voice(before: Floats, sound: Floats) -> Floats:
    """Probability of a voice per frame of `FRAME_S`; `sound` comes one such frame late."""
    found = voice(np.concatenate((before, sound)))[len(before) // WINDOW :]
    frames = round(len(sound) / SAMPLE_RATE / FRAME_S)
    centres = (np.arange(len(found)) + 0.5) * _VAD_FRAME_S - FRAME_S
    return np.asarray(np.interp(np.arange(frames) * FRAME_S, centres, found), np.float32)


def _judge(
    voice: Floats, prominence: Prominence, duration_s: float, options: SilenceOptions
) -> tuple[list[Interval], list[Interval]]:
    """Speech, and other sounds worth keeping; both sorted and disjoint."""
    level = prominence.level_db
    core = _core(voice, options)
    speech_db = float(np.percentile(level[core], 75)) if core.any() else None
    threshold = _background(voice, level) + options.above_background_db
    if speech_db is not None:
        threshold = np.clip(
            threshold, speech_db - options.below_speech_db, speech_db - options.heard_db
        )
    active = (prominence.standing_out_db > options.edge_db) & (level > threshold)
    clear = core.any() and float(active[core].mean()) >= options.clear_share
    spoken = _with_edges(core, active, options) if clear else core
    margin_s = options.margin_s if clear else options.noisy_margin_s
    speech = union(
        span(max(0.0, start - margin_s), min(duration_s, end + margin_s))
        for start, end in _spans(spoken)
        if start < duration_s
    )
    worth = speech_db - options.sound_below_speech_db if speech_db is not None else -60.0
    loud = (prominence.standing_out_db > options.sound_db) & (level > np.maximum(threshold, worth))
    for item in speech:
        loud[round(item.start_s / FRAME_S) : round(item.end_s / FRAME_S) + 1] = False
    heard = [span(a, min(b, duration_s)) for a, b in _spans(loud) if a < duration_s]
    sounds = [
        s for s in union(heard, gap_s=options.min_silence_s) if s.duration_s >= options.min_sound_s
    ]
    # Where two sounds were joined across a word, the word stays speech.
    return speech, [
        piece
        for s in sounds
        for piece in complement([v for v in speech if v.overlap_s(s) > 0], s)
        if piece.duration_s > FRAME_S
    ]


def _core(voice: Floats, options: SilenceOptions) -> Flags:
    """Where the model hears a voice: opened by one threshold, held by a lower one."""
    core = np.zeros(len(voice), bool)
    held = voice >= options.threshold - options.hysteresis
    for first, last in _runs(held):
        if voice[first:last].max() >= options.threshold:
            core[first:last] = True
    for first, last in _runs(~core):
        inside = first > 0 and last < len(core)
        if inside and (last - first) * FRAME_S <= options.min_gap_s:
            core[first:last] = True
    for first, last in _runs(core):
        if (last - first) * FRAME_S < options.min_speech_s:
            core[first:last] = False
    return core


def _background(voice: Floats, level: Floats) -> Floats:
    """What the room leaves after its steady noise is taken away, around each frame."""
    around = int(_BACKGROUND_S / FRAME_S)
    nobody = voice < _SURELY_NO_VOICE
    enough = int(1.0 / FRAME_S)
    overall = float(np.percentile(level[nobody], 25)) if nobody.any() else -120.0
    background = np.full(len(level), overall, np.float32)
    for first in range(0, len(level), around):
        near = slice(max(0, first - around), first + 2 * around)
        if nobody[near].sum() > enough:
            background[first : first + around] = np.percentile(level[near][nobody[near]], 25)
    return background


def _with_edges(core: Flags, active: Flags, options: SilenceOptions) -> Flags:
    """Speech out to where its sound ends, in to where it begins, open where it rests."""
    active = active.copy()
    for first, last in _runs(~active):
        if (last - first) * FRAME_S <= options.closure_s:
            active[first:last] = True
    reach = int(options.edge_reach_s / FRAME_S)
    spoken = np.zeros(len(core), bool)
    for first, last in _runs(core):
        sounding = np.flatnonzero(active[first:last])
        if len(sounding) == 0:
            continue
        start = first + min(int(sounding[0]), reach)
        end = last - min(last - first - 1 - int(sounding[-1]), reach)
        out = np.flatnonzero(~active[max(0, start - reach) : start])
        start = max(0, start - reach) + (int(out[-1]) + 1 if len(out) else 0)
        out = np.flatnonzero(~active[end : end + reach])
        end += int(out[0]) if len(out) else len(active[end : end + reach])
        spoken[start:end] = True
        for a, b in _runs(~active[start:end]):
            if (b - a) * FRAME_S >= options.min_rest_s:
                spoken[start + a : start + b] = False
    return spoken


def _level_within(level: Floats, speech: Sequence[Interval]) -> float | None:
    centres = (np.arange(len(level)) + 0.5) * HOP_S
    voiced = np.zeros(len(level), bool)
    for item in speech:
        voiced[np.searchsorted(centres, item.start_s) : np.searchsorted(centres, item.end_s)] = True
    return round(float(np.percentile(level[voiced], 60)), 1) if voiced.any() else None


def _spans(flags: Flags) -> list[tuple[float, float]]:
    """Runs of True in seconds; a frame's middle is its time."""
    return [
        (max(0.0, (first - 0.5) * FRAME_S), (last - 0.5) * FRAME_S) for first, last in _runs(flags)
    ]


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """Runs of True as half-open index pairs."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.view(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
