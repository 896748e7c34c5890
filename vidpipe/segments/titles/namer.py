"""What a passage is called, how it is described, and its hashtags: all in its own words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vidpipe.content.model import Content, Unit
from vidpipe.language.frequency import commonest
from vidpipe.language.headline import (
    MOST,
    headlines,
    is_sentence,
    stands_alone,
    without_connective,
)
from vidpipe.language.leaning import leaning
from vidpipe.language.nouns import Nouns, full_names
from vidpipe.language.phrases import CuePhrases
from vidpipe.language.sentence import ended, has_verb, words_in
from vidpipe.segments.model import ShownTitle
from vidpipe.segments.score import topic_of
from vidpipe.segments.titles.alone import disowned, told_alone, whole
from vidpipe.segments.titles.things import Things, about_things, adjective, topics_title
from vidpipe.segments.titles.thoughts import held
from vidpipe.segments.titles.wording import PassageWords, clauses, title_wording_of
from vidpipe.text import bare, capital_inside, capitalised, ends_clause, ends_sentence
from vidpipe.timeline import clock

#: A title is taken from this worth on; what is worth less says too little, but a whole thought
#: says more than a word.
_WORTH = 0.4
#: Of a claim; a question may be shorter.
_FEWEST = 4
#: A title with no word that the passage says twice loses so much.
_ABOUT_NOTHING = 0.2
#: A slide's title is taken where it shows for so much of the passage, and is worth so much.
_SHOWN = 0.5
_SLIDE = 0.62
_SLIDE_WORDS = (2, 9)
_TAGS, _FEW_TAGS = 6, 3
#: What is said so often in a recording is a term.
_TERM = 2
#: What a passage's two things are worth as its title.
_TOPICAL = 0.55
#: The same of words that everybody uses, and how often they are said at least.
_LOOSE, _ANY_TOPIC = 0.25, 2.0
#: Who "he" is was said no more than so many sentences before.
_SAID_BEFORE = 4
_SENTENCE_CHARACTERS = (30, 170)


@dataclass(frozen=True)
class Named:
    """What is written over and beside a passage."""

    title: str
    hook: str
    description: str
    tags: tuple[str, ...]
    untitled: bool = False


class Namer:
    """Names passages of one recording; no title is given twice."""

    def __init__(
        self, content: Content, phrases: CuePhrases, slides: Sequence[ShownTitle], name: str
    ) -> None:
        self._content = content
        self._phrases = phrases
        self._slides = [s for s in slides if not _is_piece(s.title, phrases)]
        self._name = name.replace("_", " ")
        self._nouns = Nouns((u.text for u in content.units), phrases)
        self._taken: set[str] = set()
        self._held = "explaining" in phrases.patterns
        texts = [u.text for u in content.units] if self._held else []
        self._things = Things(texts, self._nouns, phrases)
        self._said = "\n".join(u.text for u in content.units).lower()

    def take(self, title: str) -> None:
        """A title that is given already."""
        self._taken.add(title)

    def named(self, run: Sequence[Unit], first: int, last: int, given: str = "") -> Named:
        """Of the units `[first, last)`, which a clip has as `run`; `given` is a title for it."""
        tags = self.tags(run, first, last)
        fresh = given if given not in self._taken else ""
        title = fresh or self.title(run, first, last, tags)
        self.take(title)
        untitled = title == self._place(run)
        return Named(title, self.hook(run), self.description(run, title), tags, untitled)

    def _place(self, run: Sequence[Unit]) -> str:
        """What a passage is called that has no title: where it is."""
        return f"{self._name} at {clock(run[0].start_s)}"

    def title(self, run: Sequence[Unit], first: int, last: int, tags: Sequence[str]) -> str:
        """The passage's own question, contrast or claim; else the slide's, the topic's title."""
        options = self._ordered(run, first, last, tags)
        options.append(self._place(run))
        return next((o for o in options if o and o not in self._taken), options[-1])

    def _ordered(
        self, run: Sequence[Unit], first: int, last: int, tags: Sequence[str]
    ) -> list[str]:
        """Titles that a passage may have, the best first: as readers like them, where it is
        learnt. A slide's that is the best by rule is said by nobody and stays it."""
        wording = title_wording_of(self._phrases.language)
        options = self.options(run, first, last, tags)
        if not wording.table or not self._held or self._content.basis != "sentences":
            return [title for title, known in options.items() if known is not None]
        passage = PassageWords(run, self._phrases)
        # A word alone says less than any thought.
        learnt = sorted(
            options,
            key=lambda t: (" " not in t, -wording.worth(t, options[t], passage), t),
        )
        best, shown = next(iter(options), ""), self._slide(run)
        return [best, *learnt] if shown and best == shown else learnt

    def options(
        self, run: Sequence[Unit], first: int, last: int, tags: Sequence[str]
    ) -> dict[str, float | None]:
        """Titles that a passage may have, with what each is worth by rule, the best first; None:
        it is a clause that no rule takes."""
        found: dict[str, float | None] = {}
        for worth, title in self.rated(run, first, last, tags):
            found.setdefault(title, worth)
        if self._held:
            there = {title.lower() for title in found}
            for title, sentence in clauses(run, self._phrases):
                if title.lower() not in there and self._says_something(title, sentence):
                    found.setdefault(title, None)
        return found

    def _says_something(self, title: str, sentence: str) -> bool:
        """Whether a clause is a thought to somebody who has not heard what came before it."""
        phrases = self._phrases
        return (
            is_sentence(title, phrases)
            and whole(title, phrases)
            and sayable(title, sentence, phrases)
        )

    def rated(
        self, run: Sequence[Unit], first: int, last: int, tags: Sequence[str]
    ) -> list[tuple[float, str]]:
        """Titles that a passage may have by rule, the best first, with what each is worth."""
        phrases = self._phrases
        terms = phrases.terms(" ".join(u.text for u in run))
        named = self._things.named(run) if self._held else []
        rated: list[tuple[float, str]] = []
        for k, unit in enumerate(run):
            antecedent = self._antecedent(first + k)
            place = 0.12 if k == 0 else 0.05 if k in (1, len(run) - 1) else 0.0
            # What the passage sets out to answer is its title; what it ends on is not.
            asked = 0.4 if k == 0 else -1.0 if k == len(run) - 1 else 0.0
            for worth, text in self._of_sentence(unit.text, antecedent, named):
                more = asked if text.endswith(("?", "？")) else 0.0
                rated.append((worth + place + more + self._about(text, terms, tags), text))
            for worth, text in held(unit.text, phrases) if self._held else ():
                if whole(text, phrases):
                    rated.append((worth + about_things(text, named, phrases) + place, text))
        shown = self._slide(run)
        if shown:
            rated.append((_SLIDE + self._about(shown, terms, tags), shown))
        rated.append((_TOPICAL, capitalised(topics_title(named, phrases.language))))
        rated.append((_LOOSE, capitalised(topics_title(named, phrases.language, _ANY_TOPIC))))
        rated = sorted(((w, t) for w, t in rated if t), key=lambda r: (-r[0], r[1]))
        return self._listed(rated, topic_of(self._content, first, last).title, tags)

    def _of_sentence(
        self, sentence: str, antecedent: str, named: Sequence[tuple[float, str]]
    ) -> Iterator[tuple[float, str]]:
        """The titles that a sentence says, with what each is worth by itself."""
        phrases = self._phrases
        for line in headlines(sentence, phrases, antecedent):
            text = disowned(line.text, phrases)
            if not sayable(text, sentence, phrases):
                continue
            more = told_alone(text, sentence, named, self._nouns, phrases)
            if more is not None:
                yield line.worth + more, _agreeing(text, sentence)

    def _listed(
        self, rated: Sequence[tuple[float, str]], topic: str, tags: Sequence[str]
    ) -> list[tuple[float, str]]:
        """Those that are worth it, and then what is left: the topic, its words."""
        least = _LOOSE if self._held else _WORTH
        found = [(worth, text) for worth, text in rated if worth >= least]
        if self._content.basis != "sentences":
            return found
        if not self._held:
            found += [(worth, text) for worth, text in rated if worth < least]
            return found + [(0.0, capitalised(t)) for t in (topic, *tags) if " " in t]
        # A topic's title may be a sentence of another passage of it.
        words = tags if has_verb(topic, self._phrases) else (topic, *tags)
        found += [(0.0, capitalised(t)) for t in words if " " in t]
        found += [(worth, text) for worth, text in rated if 0.0 <= worth < least]
        alone = [t for t in words if t]
        # A word alone says less than two.
        found += [
            (0.0, capitalised(f"{a} and {b}"))
            for a, b in itertools.pairwise(alone[:2])
            if a.lower() != b.lower()
        ]
        return found + [(0.0, capitalised(t)) for t in alone]

    def hook(self, run: Sequence[Unit]) -> str:
        """What is said first, for the screen: a whole thought where the opening has one."""
        opening = run[0].text[len(run[0].lead_in) :].strip()
        if len(opening) > MOST:
            best = [h for h in headlines(run[0].text, self._phrases) if h.worth >= _WORTH]
            if best:
                return best[0].text
        return capitalised(opening)

    def description(self, run: Sequence[Unit], title: str) -> str:
        """Two sentences of the passage that say what it is about and what comes out of it."""
        least, most = _SENTENCE_CHARACTERS
        cased = any(u.text[:1].isupper() for u in run)
        rated = []
        for k, unit in enumerate(run):
            text = capitalised(without_connective(unit.text[len(unit.lead_in) :], self._phrases))
            signs = unit.signs
            if not least <= len(text) <= most or not ended(text) or text.endswith(("?", "？")):
                continue
            if _lacks_its_start(unit.text, text, self._phrases) and cased:
                continue
            if title.rstrip("?").lower() in text.lower() and len(text) < len(title) + 20:
                continue
            worth = unit.importance + 0.3 * signs.get("claim", 0.0) + 0.2 * (k == len(run) - 1)
            worth += 0.2 * signs.get("closure", 0.0) + 0.15 * signs.get("reason", 0.0)
            for sign in ("dangling_start", "unnamed", "halting", "slip", "endless"):
                worth -= 0.5 * signs.get(sign, 0.0)
            for sign in ("elsewhere", "pointing", "backward", "demonstrative", "reply"):
                worth -= 0.3 * signs.get(sign, 0.0)
            rated.append((worth, k, text))
        best = sorted(sorted(rated, key=lambda r: -r[0])[:2], key=lambda r: r[1])
        return " ".join(text for _, _, text in best)

    def tags(self, run: Sequence[Unit], first: int, last: int) -> tuple[str, ...]:
        """Names that are said and nouns of the topic that the passage says, no other words."""
        text = " ".join(u.text for u in run)
        found: list[str] = []
        untagged = self._phrases.words("untagged")
        if self._phrases.language != "de":
            names = [n for u in run for n in full_names(u.text, self._phrases)]
            for name in sorted(dict.fromkeys(names), key=lambda n: (-names.count(n), -len(n))):
                said = all(self._nouns.name(w) for w in name.split())
                known = bare(name.rsplit(maxsplit=1)[-1]) in untagged
                if said and not known and len(name) > 2 and words_in(name) <= 3:
                    found.append(name)
        said_often = [n for n in found if text.count(n) > 1 or " " in n][:3]
        keys = [
            self._term(k)
            for k in topic_of(self._content, first, last).keyphrases
            if k.lower() in text.lower()
            and self._nouns.noun(k)
            and len(k) > 1
            and bare(k.rsplit(maxsplit=1)[-1]) not in untagged
        ]
        kept: list[str] = []
        for tag in (*keys[:2], *said_often, *keys[2:], *found):
            if not any(tag.lower() in o.lower() or o.lower() in tag.lower() for o in kept):
                kept.append(tag)
        # A word that everybody uses finds nobody: such come last, and only where there is little.
        common = commonest(self._phrases.language)
        telling = [t for t in kept if " " in t or bare(t) not in common]
        usual = [t for t in kept if t not in telling]
        return tuple((*telling, *usual[: max(0, _FEW_TAGS - len(telling))])[:_TAGS])

    def _term(self, phrase: str) -> str:
        """What is looked for: "recognition results" of "comparing recognition results".

        A participle or an adjective before two words that are said once is left out; before one,
        or said again, it is part of a term, "supervised learning". A superlative never is.
        """
        phrases, words = self._phrases, phrase.split()
        never = phrases.words("untagged") | phrases.words("vague") | phrases.words("determiner")
        once = phrases.language == "en" and self._said.count(phrase.lower()) < _TERM
        while len(words) > 1:
            plain = bare(words[0])
            loose = once and len(words) > 2 and (plain.endswith(("ing", "ed")) or adjective(plain))
            if plain not in never and not (loose and plain == words[0]):
                break
            words = words[1:]
        return " ".join(words)

    def _about(self, title: str, terms: Sequence[str], tags: Sequence[str]) -> float:
        """How much a title says of what the passage is about."""
        own = set(self._phrases.terms(title))
        often = sum(min(3, terms.count(t)) - 1 for t in own if t in terms)
        named = any(t.lower() in title.lower() for t in tags)
        if not named and not often:
            return -_ABOUT_NOTHING
        return 0.05 * min(4, often) + 0.1 * named

    def _antecedent(self, unit: int) -> str:
        """Who "he" or "she" is in a sentence: the last person that was named before it."""
        if not self._content.units[unit].signs.get("person"):
            return ""
        for k in range(unit - 1, max(-1, unit - 1 - _SAID_BEFORE), -1):
            found = [
                n
                for n in full_names(self._content.units[k].text, self._phrases)
                if all(self._nouns.name(w) for w in n.split())
            ]
            found = [n for n in found if not any(c.isdigit() for c in n) and not n.isupper()]
            if found:
                return found[-1]
        return ""

    def _slide(self, run: Sequence[Unit]) -> str:
        """The title of the slide that shows for most of the passage, if it is one."""
        length = run[-1].end_s - run[0].start_s
        for shown in self._slides:
            both = min(shown.end_s, run[-1].end_s) - max(shown.start_s, run[0].start_s)
            title = shown.title.strip()
            fits = _SLIDE_WORDS[0] <= words_in(title) <= _SLIDE_WORDS[1] and len(title) <= MOST
            if both > _SHOWN * length and fits:
                quiet = not any(
                    self._phrases.count(kind, title) for kind in ("agenda", "housekeeping")
                )
                if quiet or stands_alone(title, self._phrases):
                    return title
        return ""


def sayable(title: str, sentence: str, phrases: CuePhrases) -> bool:
    """Whether a title that is a whole thought is also one to somebody who reads it alone.

    No scrap of what somebody quotes, nothing that compares with what is not said, no name of
    a thing that only goes on with "that", no question without its end.
    """
    words = [bare(w) for w in title.split()]
    if phrases.count("scrap", title) or words[-1] in phrases.words("open_end"):
        return False
    if len(words) < _FEWEST and not title.endswith(("?", "？")) and phrases.patterns.get("scrap"):
        return False
    verbs, relative = phrases.words("verb"), phrases.words("that") | phrases.words("relative")
    quoting = phrases.words("quoting")
    parts = title.split()
    if any(bare(p) in quoting and ends_clause(p) for p in parts[:-1]):
        return False
    if title.count('"') or title.count("“") or title.count("”"):
        return False
    if any(ends_sentence(p) for p in parts[:-1] if len(p) > 3):
        return False
    acting = [k for k, w in enumerate(words) if w in verbs]
    # "The exchanges that have accounts" does not say what they do.
    named = acting and acting[0] > 1 and words[acting[0] - 1] in relative
    if named and words[0] in phrases.words("determiner") and len(acting) == 1:
        return False
    if title.endswith(("?", "？")):
        # A question that goes on in its sentence is asked whole, or up to an "and".
        body = title.rstrip("?？").lower()
        _, found, rest = sentence.lower().partition(body)
        following = rest.split()[:1]
        goes_on = bool(found and following) and rest[0] not in "?？,.;:，、"
        return not goes_on or bare(following[0]) in phrases.words("connective_start")
    return True


def _is_piece(title: str, phrases: CuePhrases) -> bool:
    """Whether a slide's title is a piece of a sentence: "And what we care about is the"."""
    words = title.split()
    if not words or title.rstrip().endswith(("?", "？")):
        return False
    # What a thing is made of may end with "of".
    open_end = leaning(phrases.language) - phrases.words("preposition")
    connecting = phrases.words("connective_start") | phrases.words("lead_in")
    first, last = bare(words[0]), words[-1]
    joining = connecting & leaning(phrases.language)
    return first in joining or bare(last) in open_end or ends_clause(last)


def _lacks_its_start(said: str, shown: str, phrases: CuePhrases) -> bool:
    """Whether a sentence goes on from what is not there: "is given a key", "(But then) came"."""
    if said[:1].islower() and not capital_inside(said):
        return True
    first = bare(shown.split(maxsplit=1)[0])
    verbs = phrases.words("verb") | phrases.words("auxiliary")
    return first in verbs and bare(said.split(maxsplit=1)[0]) != first


def _agreeing(title: str, sentence: str) -> str:
    """With "an" for "a" where a word was left out after it: "a really excellent"."""

    def put(found: re.Match[str]) -> str:
        if found.group().lower() in sentence.lower():
            return found.group()
        return ("an" if found.group(2).lower() in "aeiou" else "a") + " " + found.group(2)

    return re.sub(r"\b(an?) (\w)", put, title)
