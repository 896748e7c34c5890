"""Black bars beside a picture are no part of it, with what coders leave in them."""

import numpy as np
import pytest

from vidpipe.layout.pages import content_rect
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe_tests.media.coding import made

#: A room with a wall, somebody dark in front of it, and something that moves.
PICTURE = (
    "gradients=s={w}x{h}:c0=0xb8a890:c1=0x705c48:x0=0:y0=0:x1=0:y1={h}:speed=0.02:seed={seed}:r=10:d=4,"
    "drawbox=x=0:y=ih*0.62:w=iw:h=ih:c=0x343a40:t=fill,noise=all_seed={seed}:alls=12:allf=t"
)


def coded_within(path, picture, canvas, *, crf, seed=1):
    x, y, width, height = picture
    graph = (
        f"{PICTURE.format(w=width, h=height, seed=seed)},pad={canvas[0]}:{canvas[1]}:{x}:{y}:black"
    )
    coding = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-crf", str(crf)]
    return made(path, "-f", "lavfi", "-i", graph, *coding)


# At 6 and 14 a coarse coding leaves specks in the last line of a bar.
@pytest.mark.parametrize("seed", [6, 14])
@pytest.mark.parametrize("crf", [18, 34])
@pytest.mark.parametrize(
    "picture",
    [(438, 0, 404, 720), (160, 0, 960, 720), (0, 92, 1280, 536), (166, 90, 946, 540)],
    ids=["a phone's", "4:3", "a film's", "within both"],
)
def test_bars_end_where_the_picture_begins(tmp_path, picture, crf, seed):
    path = coded_within(tmp_path / "barred.mp4", picture, (1280, 720), crf=crf, seed=seed)
    info = probe(path)
    with FrameReader(path, info, max_width=640, draft=True) as reader:
        looks = np.stack([frame.grey for frame in reader.every(0.5)])
        found = content_rect(looks).scaled(1 / reader.scale)
    x, y, width, height = picture
    # Nothing of the bar, and next to nothing of the picture lost.
    assert 0 <= found.x - x <= 8 and 0 <= x + width - found.right <= 8
    assert 0 <= found.y - y <= 8 and 0 <= y + height - found.bottom <= 8


def test_a_dark_page_has_no_bars():
    looks = np.full((4, 180, 320), 12, np.uint8)
    looks[:, 40:60, 80:170] = 230
    looks[:, 90:100, 60:260:3] = 200
    found = content_rect(looks)
    assert (found.x, found.y, found.width, found.height) == (0, 0, 320, 180)
