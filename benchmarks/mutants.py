"""Small recordings in every container that is accepted, and what can befall them.

Each mutant comes from a number alone, so that one that was found can be made again.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from vidpipe.media.ffmpeg import executable
from vidpipe.programs import run_program
from vidpipe.testmedia.script import DEMO_TALK, ScriptPage
from vidpipe.testmedia.talk import TalkLook, make_talk

_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25")
_PICTURE = ("-pix_fmt", "yuv420p")
#: How each seed is written: its name, and the arguments of ffmpeg.
SEEDS: dict[str, Sequence[str]] = {
    "plain.mp4": (*_X264, "-c:a", "aac"),
    "fragments.mp4": (*_X264, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    "index-first.m4v": (*_X264, "-c:a", "aac", "-movflags", "faststart"),
    "samples.mov": (*_X264, "-c:a", "pcm_s16le"),
    "phone.3gp": (*_X264, "-c:a", "aac"),
    "plain.mkv": (*_X264, "-c:a", "libopus"),
    "plain.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis"),
    "plain.flv": (*_X264, "-c:a", "aac"),
    "plain.ts": (*_X264, "-c:a", "aac"),
    "mpeg2.mts": ("-c:v", "mpeg2video", "-c:a", "ac3"),
    "plain.m2ts": (*_X264, "-c:a", "aac"),
    "plain.avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "plain.ogv": ("-c:v", "libtheora", "-c:a", "libvorbis"),
    "plain.mp3": ("-vn", "-c:a", "libmp3lame"),
    "plain.m4a": ("-vn", "-c:a", "aac"),
    "book.m4b": ("-vn", "-c:a", "aac", "-f", "ipod"),
    "plain.wav": ("-vn", "-c:a", "pcm_s16le"),
    "plain.flac": ("-vn", "-c:a", "flac"),
    "plain.ogg": ("-vn", "-c:a", "libvorbis"),
    "lossless.oga": ("-vn", "-c:a", "flac", "-f", "ogg"),
    "plain.opus": ("-vn", "-c:a", "libopus"),
    "plain.aac": ("-vn", "-c:a", "aac", "-f", "adts"),
}


def make_seeds(folder: Path) -> list[Path]:
    """One short talk in every container, its words beside each; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    talk = folder / "talk.mp4"
    if not talk.exists():
        page = DEMO_TALK[3]
        only = ScriptPage(page.title, page.bullets, page.sentences[1:3], 0.5)
        make_talk(talk, (only,), TalkLook(width=320, height=180))
    made = []
    for name, how in SEEDS.items():
        target = folder / name
        if not target.exists():
            picture = () if "-vn" in how else _PICTURE
            command = [executable(), "-v", "error", "-y", "-i", str(talk), *picture, *how]
            run_program([*command, str(target)], timeout_s=120)
        words = talk.with_suffix(".srt").read_bytes()
        target.with_suffix(".srt").write_bytes(words)
        made.append(target)
    return made


def mutant(number: int, seeds: Sequence[Path], series: int = 0) -> tuple[str, str, bytes]:
    """The mutant of this number: its file name, what befell it, its bytes."""
    chance = random.Random(f"{series}-{number}")
    seed = seeds[number % len(seeds)]
    data, name = bytearray(seed.read_bytes()), seed.name
    kinds = list(_KINDS)
    kind = kinds[(number // len(seeds)) % len(kinds)]
    told = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        said, data, name = _KINDS[kind](chance, data, name, seeds)
        told.append(said)
        kind = chance.choice(kinds)
    return name, "; ".join(told), bytes(data)


_Mutated = tuple[str, bytearray, str]


def _truncate(chance: random.Random, data: bytearray, name: str, _: object) -> _Mutated:
    """As an upload that stopped."""
    left = int(len(data) * chance.choice((0.001, 0.01, 0.1, 0.3, 0.6, 0.9, 0.99)))
    left += chance.randrange(16)
    return f"truncated to {left} bytes", data[:left], name


def _flip(chance: random.Random, data: bytearray, name: str, _: object) -> _Mutated:
    """As a disk or a line that rots, in the header or anywhere."""
    if not data:
        return "nothing to flip", data, name
    within = min(len(data), chance.choice((64, 512, 4096, len(data))))
    count = chance.choice((1, 4, 16, 64, 512))
    for _k in range(count):
        data[chance.randrange(within)] ^= 1 << chance.randrange(8)
    return f"{count} bits flipped in the first {within} bytes", data, name


def _splice(chance: random.Random, data: bytearray, name: str, seeds: Sequence[Path]) -> _Mutated:
    """As a recorder that goes on in the middle: a piece repeated, lost, or of another file."""
    how = chance.choice(("repeated", "lost", "swapped", "foreign", "zeros"))
    at, to = sorted(chance.randrange(len(data) + 1) for _k in range(2))
    piece = data[at:to]
    if how == "repeated":
        data[at:at] = piece
    elif how == "lost":
        del data[at:to]
    elif how == "swapped":
        middle = (at + to) // 2
        data[at:to] = data[middle:to] + data[at:middle]
    elif how == "zeros":
        data[at:to] = bytes(len(piece))
    else:
        other = chance.choice(list(seeds)).read_bytes()
        data[at:to] = other[: len(piece)] if chance.random() < 0.5 else other[-len(piece) :]
    return f"bytes {at} to {to} {how}", data, name


#: Names after which numbers that say when and how long stand, in MP4, Matroska and others.
_TIMED = (
    *(b"mvhd", b"tkhd", b"mdhd", b"stts", b"ctts", b"elst", b"edts", b"stsz", b"stsc", b"stco"),
    *(b"stss", b"tfdt", b"trun", b"tfhd", b"trex", b"mehd", b"sidx", b"hdlr", b"avcC", b"esds"),
    *(b"\x2a\xd7\xb1", b"\x44\x89", b"\xe7", b"\x23\xe3\x83", b"\xa3", b"\x1f\x43\xb6\x75"),
    *(b"fmt ", b"data", b"avih", b"strh", b"strf", b"idx1", b"fLaC", b"OggS", b"\x00\x00\x01\xe0"),
    *(b"onMetaData", b"duration", b"Xing", b"Info", b"ID3", b"\x47\x40", b"\x00\x00\x01\xb3"),
)
_NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0)


def _retime(chance: random.Random, data: bytearray, name: str, _: object) -> _Mutated:
    """As a writer with a wrong clock: numbers behind what says times, counts and sizes."""
    places = [p for mark in _TIMED if (p := data.find(mark)) >= 0]
    if not places or len(data) < 64:
        return "nothing to retime", data, name
    told = []
    for _k in range(chance.choice((1, 2, 4))):
        place = chance.choice(places) + chance.choice((0, 2, 4, 8, 12, 16, 20, 24, 28))
        number = chance.choice((*_NUMBERS, chance.getrandbits(32)))
        size = chance.choice((">I", "<I", ">H", ">Q"))
        wide = struct.calcsize(size)
        packed = struct.pack(size, number & ((1 << 8 * wide) - 1))
        if place + wide <= len(data):
            data[place : place + wide] = packed
            told.append(f"{number:#x} at {place}")
    return f"retimed: {', '.join(told)}", data, name


_CODECS = (b"avc1", b"hvc1", b"mp4a", b"sowt", b"vp09", b"av01", b"jpeg", b"png ", b"rle ", b"tmcd")


def _relabel(chance: random.Random, data: bytearray, name: str, seeds: Sequence[Path]) -> _Mutated:
    """As somebody who renames: another ending, another codec's name, another file's head."""
    how = chance.choice(("ending", "codec", "head"))
    if how == "ending":
        ending = Path(chance.choice(list(seeds)).name).suffix
        return f"called {ending}", data, Path(name).stem + ending
    if how == "head":
        size = chance.choice((12, 64, 1024))
        data[:size] = chance.choice(list(seeds)).read_bytes()[:size]
        return f"the first {size} bytes of another", data, name
    there = [c for c in (*_CODECS, b"H264", b"FMP4", b"V_MPEG4", b"A_OPUS") if c in data]
    if not there:
        return "no codec to relabel", data, name
    old, new = chance.choice(there), chance.choice(_CODECS)
    changed = data.replace(old, (new + bytes(len(old)))[: len(old)])
    return f"{old.decode()} called {new.decode()}", bytearray(changed), name


_Kind = Callable[[random.Random, bytearray, str, Sequence[Path]], _Mutated]
_KINDS: dict[str, _Kind] = {
    "truncate": _truncate,
    "flip": _flip,
    "splice": _splice,
    "retime": _retime,
    "relabel": _relabel,
}
