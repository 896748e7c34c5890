"""What is written beside a clip: title, description, hashtags, within a platform's limits."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from string import Formatter

from vidpipe.channels.model import PostTemplates
from vidpipe.exports.export import shorten
from vidpipe.exports.model import Post
from vidpipe.platforms.model import Preset, TextRules
from vidpipe.segments.model import Chapter
from vidpipe.timeline import clock

#: YouTube reads times as chapters from three on, the first at 0:00, each of ten seconds.
_LEAST_CHAPTERS, _SHORTEST_CHAPTER_S = 3, 10.0
_MANY_BLANKS = re.compile(r"\n{3,}")
#: What joins a field of a title to another, where that one is empty.
_JOINTS = re.compile(r"^[\s:|/,\-\u2013\u2014\u00b7\u2022]+|[\s:|/,\-\u2013\u2014\u00b7\u2022]+$")


def write_post(
    preset: Preset,
    templates: PostTemplates,
    fields: Mapping[str, str],
    keyphrases: Sequence[str],
    chapters: Sequence[Chapter],
    language: str,
    duration_s: float,
    *,
    own_tags: Sequence[str] | None = None,
) -> Post:
    """The post of one clip.

    Args:
        preset: the platform and its limits.
        templates: of the channel.
        fields: what templates may name, each one's value.
        keyphrases: of the clip, the most telling first: its own hashtags.
        chapters: on the clip's timeline.
        language: ISO 639.
        duration_s: of the clip.
        own_tags: hashtags that a person chose, in place of all others; None: nobody did.
    """
    rules = preset.text
    said = rules.taken(_titled(templates.title, fields)).strip()
    if rules.title_characters is None:
        title = shorten(said, rules.description_characters, rules.length)
    else:
        title = shorten(said, rules.title_characters)
    description = rules.taken(_filled(templates.description, fields))
    credits = rules.taken(_filled(templates.credits, fields))
    own = [tag for tag in map(hashtag, keyphrases) if tag][: templates.auto_hashtags]
    chosen = [*templates.hashtags, *own] if own_tags is None else own_tags
    tags = list(dict.fromkeys(chosen))[: rules.max_hashtags]
    shown = _chapters(chapters, duration_s) if rules.chapters else []
    listed = rules.taken("\n".join(f"{clock(c.start_s)} {c.title}" for c in shown))
    # A title that the description says once more is said once.
    twice = bool(said) and _plain(description).startswith(_plain(said))
    head = said if rules.title_characters is None and not twice else ""
    text = _within(rules, head, description, listed, tags, credits)
    return Post(
        platform=preset.name,
        title=title,
        description=shorten(description, rules.description_characters, rules.length),
        hashtags=tuple(t for t in tags if f"#{t}" in text.split()),
        chapters=tuple(shown),
        language=language,
        credits=credits,
        text=text,
    )


def hashtag(phrase: str) -> str:
    """A phrase as a hashtag: its letters and digits, words begun with capitals, none before it."""
    words = re.findall(r"[^\W_]+", phrase)
    tag = words[0] if len(words) == 1 else "".join(w[:1].upper() + w[1:] for w in words)
    return "" if not tag or tag.isdigit() else tag


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _titled(template: str, fields: Mapping[str, str]) -> str:
    """A title filled in, without what would have joined an empty field to the others."""
    said = template.format_map(fields)
    whole = all(fields[name] for _, name, _, _ in Formatter().parse(template) if name)
    return said if whole else _JOINTS.sub("", said)


def _filled(template: str, fields: Mapping[str, str]) -> str:
    """A template filled in, without its lines all of whose fields are empty."""
    lines = []
    for line in template.splitlines():
        named = [name for _, name, _, _ in Formatter().parse(line) if name]
        if not named or any(fields[name] for name in named):
            lines.append(line.format_map(fields).strip())
    return _MANY_BLANKS.sub("\n\n", "\n".join(lines)).strip()


def _chapters(chapters: Sequence[Chapter], duration_s: float) -> list[Chapter]:
    if len(chapters) < _LEAST_CHAPTERS:
        return []
    times_s = [0.0, *(c.start_s for c in chapters[1:]), duration_s]
    if min(b - a for a, b in itertools.pairwise(times_s)) < _SHORTEST_CHAPTER_S:
        return []
    return [chapters[0].model_copy(update={"start_s": 0.0}), *chapters[1:]]


def _within(
    rules: TextRules,
    head: str,
    description: str,
    chapters: str,
    tags: Sequence[str],
    credits: str,
) -> str:
    """All of it where it fits; what matters least goes first: description, chapters, hashtags."""
    tagged = " ".join(f"#{t}" for t in tags)
    limit, length = rules.description_characters, rules.length

    def joined(*parts: str) -> str:
        return "\n\n".join(p for p in parts if p)

    whole = joined(head, description, chapters, tagged, credits)
    if length(whole) <= limit:
        return whole
    rest = joined(head, chapters, tagged, credits)
    room = limit - length(rest) - 2
    if room >= 40:
        return joined(head, shorten(description, room, length), chapters, tagged, credits)
    for parts in ((head, tagged, credits), (head, tagged), (head or description,)):
        if length(joined(*parts)) <= limit:
            return joined(*parts)
    return shorten(head or description, limit, length)
