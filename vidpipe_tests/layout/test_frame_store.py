"""Looks in a file behave as an array of them would."""

import numpy as np

from vidpipe.layout.frame_store import PictureFile


def test_pictures_are_what_was_added_in_the_order_asked_for(tmp_path):
    rng = np.random.default_rng(1)
    added = rng.integers(0, 255, (5, 4, 6), np.uint8)
    file = PictureFile(tmp_path)
    assert [file.add(picture) for picture in added[:3]] == [0, 1, 2]
    early = file.pictures([2, 0])
    for picture in added[3:]:
        file.add(picture)
    later = file.pictures([4, 3, 2, 1, 0])
    backwards = added[::-1]
    assert later.shape == (5, 4, 6) and len(early) == 2
    assert np.array_equal(early.array(), added[[2, 0]])
    assert np.array_equal(later[1], backwards[1]) and later[1].shape == (4, 6)
    assert np.array_equal(later[1:4][::2].array(), backwards[1:4][::2])
    assert np.array_equal(later[[0, 4]], backwards[[0, 4]])
    kept = np.array([True, False, True, False, True])
    assert np.array_equal(later.where(kept).array(), backwards[kept])
    assert all(np.array_equal(a, b) for a, b in zip(later, backwards, strict=True))
    assert list(tmp_path.iterdir()) == [], "the file has no name"


def test_no_pictures_at_all():
    assert len(PictureFile().pictures([])) == 0
