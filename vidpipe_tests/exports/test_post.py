"""Posts keep to a platform's limits, whatever is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vidpipe.channels.model import PostTemplates
from vidpipe.clips.model import Clip
from vidpipe.exports.post import hashtag, write_post
from vidpipe.pipeline.steps.exports import ExportTerms, post_fields
from vidpipe.platforms import load_presets
from vidpipe.platforms.counting import counted
from vidpipe.segments.model import Chapter
from vidpipe.timeline import span

PRESETS = load_presets()
FIELDS = {
    "title": "How often must we look?",
    "hook": "The answer",
    "description": "The answer is surprising.",
    "topic": "Sampling",
    "video": "Signals, lecture 3",
    "file": "lecture_3_final",
    "channel": "Lectures",
}


def post(platform="tiktok", templates=None, fields=FIELDS, keys=("sampling rate", "noise"), **more):
    given = {"chapters": (), "language": "en", "duration_s": 60.0, **more}
    return write_post(PRESETS[platform], templates or PostTemplates(), fields, keys, **given)


def test_a_post_says_title_hook_recording_and_hashtags():
    made = post(templates=PostTemplates(hashtags=("signals",), credits="CC BY 4.0"))
    assert made.text == (
        "How often must we look?\n\nThe answer is surprising.\n\nFrom: Signals, lecture 3\n\n"
        "#signals #SamplingRate #noise\n\nCC BY 4.0"
    )
    assert made.hashtags == ("signals", "SamplingRate", "noise")
    # Where a title has a field of its own, the text begins with what follows.
    assert post("youtube_shorts").text.startswith("The answer is surprising.")
    assert post("youtube_shorts").title == "How often must we look?"


def test_a_title_that_is_the_hook_is_said_once():
    same = {**FIELDS, "description": "How often must we look"}
    assert post(fields=same).text.count("How often must we look") == 1


def test_a_line_whose_fields_are_empty_is_left_out_and_no_other():
    bare = {**FIELDS, "description": "Remember this:", "video": ""}
    assert post("youtube", PostTemplates(auto_hashtags=0), bare).text == "Remember this:"
    kept = PostTemplates(description="In this part:\n{topic} {video}", auto_hashtags=0)
    assert post("youtube", kept, bare).text == "In this part:\nSampling"


@pytest.mark.parametrize(
    ("template", "video", "title"),
    [
        ("{video}: {title}", "", "How often?"),
        ("{title} | {video}", "", "How often?"),
        ("{video} \u2013 {title}", "Sound", "Sound \u2013 How often?"),
        ("{title}", "", "How often?"),
    ],
)
def test_what_joins_an_empty_field_to_a_title_goes_with_it(template, video, title):
    named = {**FIELDS, "title": "How often?", "video": video}
    assert post("youtube", PostTemplates(title=template), named).title == title


def clip_saying(hook, description=""):
    return Clip(
        clip_id="c",
        rank=1,
        title="Sampling",
        hook=hook,
        description=description,
        score=70,
        segment=span(0.0, 20.0),
        kept=(),
        parts=(),
        duration_s=20.0,
        files=(),
    )


@pytest.mark.parametrize(("title", "said"), [("", False), ("Signals, lecture 3", True)])
def test_a_post_names_its_recording_by_a_title_and_never_by_its_file(title, said):
    terms = ExportTerms(title=title, file="crypto_slides_ink_145s", withheld={})
    fields = post_fields(clip_saying("", "The answer is surprising."), terms, "Lectures")
    made = post(fields=fields).text
    assert ("From: Signals, lecture 3" in made) == said and "crypto" not in made
    assert not made.count("From:") or said
    named = PostTemplates(description="{description} ({file})")
    assert "(crypto_slides_ink_145s)" in post(templates=named, fields=fields).text


@pytest.mark.parametrize(
    ("hook", "stands_in"),
    [
        ("Be presentation.", False),
        ("How often do we have to look at a sound?", True),
        ("音を何回見ればよいでしょうか。", True),
    ],
)
def test_a_few_words_of_what_is_said_first_are_no_description(hook, stands_in):
    terms = ExportTerms(title="", file="talk", withheld={})
    assert post_fields(clip_saying(hook), terms, "")["description"] == (hook if stands_in else "")
    given = post_fields(clip_saying(hook, "Short."), terms, "")
    assert given["description"] == "Short."


def test_hashtags_are_as_many_as_the_platform_likes():
    many = PostTemplates(hashtags=tuple(f"tag{k}" for k in range(9)))
    assert len(post("x", many).hashtags) == 2
    assert post("podcast_audio", many).hashtags == ()


@pytest.mark.parametrize(
    ("phrase", "tag"),
    [
        ("sampling rate", "SamplingRate"),
        ("noise", "noise"),
        ("größe über", "GrößeÜber"),
        ("c++ / c#", "CC"),
        ("42", ""),
        ("—", ""),
    ],
)
def test_phrases_as_hashtags(phrase, tag):
    assert hashtag(phrase) == tag


texts = st.text(max_size=400)


@given(
    platform=st.sampled_from(sorted(PRESETS)),
    fields=st.fixed_dictionaries(dict.fromkeys(FIELDS, texts)),
    keys=st.lists(texts, max_size=5),
    credits=st.text(alphabet="abc ", max_size=300),
)
def test_no_post_is_longer_than_its_platform_takes(platform, fields, keys, credits):
    made = post(platform, PostTemplates(credits=credits), fields, keys)
    rules = PRESETS[platform].text
    assert rules.length(made.text) <= rules.description_characters
    assert len(made.title) <= (rules.title_characters or rules.description_characters)
    assert rules.length(made.description) <= rules.description_characters
    assert not set(rules.refused) & set(made.text + made.title)
    assert len(made.hashtags) <= rules.max_hashtags
    assert all(f"#{tag}" in made.text for tag in made.hashtags)


@pytest.mark.parametrize(
    ("text", "characters", "utf16", "octets", "weighted"),
    [
        ("plain words", 11, 11, 11, 11),
        ("größer", 6, 6, 8, 6),
        ("東京", 2, 2, 6, 4),
        ("go 🚀", 4, 5, 7, 5),
        # A link is 23 whatever its length, an accent that is a letter of its own is none.
        ("see https://example.org/a/very/long/path/that/goes/on", 53, 53, 53, 27),
        ("see a.io", 8, 8, 8, 27),
        ("cafe\u0301", 5, 5, 6, 4),
    ],
)
def test_platforms_count_in_their_own_way(text, characters, utf16, octets, weighted):
    found = [counted(text, how) for how in ("characters", "utf16", "bytes", "weighted")]
    assert found == [characters, utf16, octets, weighted]


def test_what_a_platform_counts_is_what_is_cut():
    long = "東京の夜は静かだ " * 60
    for platform, most in (("x", 280), ("tiktok", 2200), ("youtube", 5000)):
        rules = PRESETS[platform].text
        assert rules.description_characters == most
        made = post(platform, fields={**FIELDS, "description": long, "title": "t"})
        assert rules.length(made.text) <= most
    assert len(post("x", fields={**FIELDS, "description": long, "title": "t"}).text) < 200


def test_what_youtube_refuses_is_left_out():
    made = post("youtube", fields={**FIELDS, "title": "a < b > c", "description": "x <y> z"})
    assert made.title == "a  b  c" and "<" not in made.text and ">" not in made.text


def test_chapters_where_a_platform_reads_them():
    chapters = [Chapter(start_s=t, title=f"Part {t:.0f}") for t in (2.0, 70.0, 150.0)]
    made = post("youtube", chapters=chapters, duration_s=200.0)
    assert [c.start_s for c in made.chapters] == [0.0, 70.0, 150.0]
    assert "0:00 Part 2\n1:10 Part 70\n2:30 Part 150" in made.text
    # Two are none to it, nor are such as last nine seconds, nor is another platform's text.
    assert post("youtube", chapters=chapters[:2], duration_s=200.0).chapters == ()
    assert post("youtube", chapters=chapters, duration_s=159.0).chapters == ()
    assert post("tiktok", chapters=chapters, duration_s=200.0).chapters == ()


@pytest.mark.parametrize("template", ["{name}", "{title", "{0}", "{title.x}"])
def test_a_template_that_cannot_be_filled_in_is_said(template):
    with pytest.raises(ValidationError, match="fields are title, hook"):
        PostTemplates(description=template)
