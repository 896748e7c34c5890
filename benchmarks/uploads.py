"""Many short uploads in several channels, some planted to fail, each with its end."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from vidpipe.media import ffmpeg
from vidpipe.programs import run_program
from vidpipe.testmedia.script import DEMO_TALK, ScriptPage
from vidpipe.testmedia.talk import TalkLook, make_talk

#: Uploads of each channel: one has most of them, one has hardly any.
CHANNELS = {"lectures": 34, "podcast": 12, "museum": 8, "lab": 6}
CHANNELS_YAML = yaml.safe_dump(
    {
        "channels": {
            name: {
                "quality": "draft",
                "platforms": ["tiktok"],
                "clips": {"count": 1, "min_s": 5, "max_s": 20},
            }
            for name in CHANNELS
        }
    }
)


@dataclass(frozen=True)
class Planned:
    """One upload, its sidecars by suffix, and its end.

    `end` is `finished`, `alias`, `quarantined:{reason}` or `dead:{cause}`.
    """

    key: str
    path: Path
    sidecars: dict[str, bytes] = field(default_factory=dict)
    end: str = "finished"

    @property
    def channel(self) -> str:
        return self.key.partition("/")[0]


def make_uploads(folder: Path, channels: dict[str, int] = CHANNELS) -> list[Planned]:
    """Uploads of these channels, of which six of the first are planted."""
    return _planted(plain_uploads(folder, channels), folder)


def plain_uploads(folder: Path, channels: dict[str, int]) -> list[Planned]:
    """Talks of 8 to 20 s at 320x180 with script and instructions, each of other bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    talks = _talks(folder)
    planned: list[Planned] = []
    rng = random.Random(7)
    for channel, count in channels.items():
        for k in range(count):
            talk = talks[k % len(talks)]
            path = folder / f"{channel}-{k:02d}.mp4"
            title = f"{channel} {k}"
            run_program(
                [
                    *(ffmpeg.executable(), "-v", "error", "-y", "-i", str(talk)),
                    *("-c", "copy", "-metadata", f"title={title}", str(path)),
                ],
                timeout_s=60,
            )
            beside = {
                ".srt": talk.with_suffix(".srt").read_bytes(),
                ".yaml": yaml.safe_dump({"priority": rng.choice((0, 0, 0, 3))}).encode(),
            }
            planned.append(Planned(f"{channel}/talk {k:02d} é.mp4", path, beside))
    return planned


def _talks(folder: Path) -> list[Path]:
    talks = []
    for k, size in enumerate((2, 3, 3, 2)):
        page = DEMO_TALK[1 + k % (len(DEMO_TALK) - 1)]
        pages: Sequence[ScriptPage] = [
            ScriptPage(page.title, page.bullets, page.sentences[:size], 1.0)
        ]
        path = folder / f"talk{k}.mp4"
        if not path.exists():
            make_talk(path, pages, TalkLook(width=320, height=180))
        talks.append(path)
    return talks


def _planted(planned: list[Planned], folder: Path) -> list[Planned]:
    """Six ends that are not a clip, in the channel with most uploads."""
    first = planned[0]
    cut = folder / "cut.mp4"
    cut.write_bytes(first.path.read_bytes()[: first.path.stat().st_size // 3])
    playlist = folder / "playlist.mp4"
    playlist.write_text("#EXTM3U\nother.ts\n")
    outside = b"layout: [{start_s: 0, camera: {x: 0, y: 0, width: 9000, height: 180}}]\n"
    ends = [
        Planned("lectures/cut off.mp4", cut, end="quarantined"),
        Planned("lectures/a list.mp4", playlist, end="quarantined:playlist"),
        Planned("lectures/zz copy.mp4", planned[1].path, end="alias"),
        Planned(
            "lectures/bad yaml.mp4",
            planned[5].path,
            {".yaml": b"clips: many\n"},
            end="quarantined:bad_sidecar",
        ),
        Planned("nobody/talk.mp4", planned[3].path, end="quarantined:unknown_channel"),
    ]
    broken = planned[4]
    planned[4] = Planned(
        broken.key, broken.path, {**broken.sidecars, ".yaml": outside}, "dead:rejected:bad_sidecar"
    )
    # The bytes of the one with the bad sidecar must be nobody else's.
    own = folder / "own.mp4"
    own.write_bytes(planned[5].path.read_bytes() + b"\0" * 8)
    ends[3] = Planned(ends[3].key, own, ends[3].sidecars, ends[3].end)
    most = sum(p.channel == first.channel for p in planned)
    replaced = range(most - len(ends), most)
    return [*(p for k, p in enumerate(planned) if k not in replaced), *ends]
