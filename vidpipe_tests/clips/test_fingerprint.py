"""What somebody approves of: whatever of it changes, it is approved anew."""

import pytest

from vidpipe.clips.model import Clip, clip_fingerprint

VIDEO = "default--talk-0123456789"
CLIP = Clip.model_construct(clip_id="a", title="How it works", files=())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "Buy now"),
        ("hook", "Wait"),
        ("description", "Two sentences."),
        ("topic", "money"),
        ("keyphrases", ("money",)),
        ("hashtags", ("buynow",)),
        ("hashtags", ()),
        ("platforms", ("tiktok",)),
        ("platforms", ()),
        ("language", "de"),
    ],
)
def test_what_a_person_changes_is_not_what_was_approved(name, value):
    changed = CLIP.model_copy(update={name: value})
    assert clip_fingerprint(VIDEO, changed) != clip_fingerprint(VIDEO, CLIP)


def test_what_nobody_chose_leaves_approvals_as_they_are():
    # As it was before a person could choose anything.
    assert (
        clip_fingerprint(VIDEO, CLIP)
        == "9bf7346c70af86689d85792c257d6c8b677836b64a3ff35adf813020b59235b4"
    )
