"""Hook, self-containedness, payoff and closure of a passage, each with what speaks for it.

Weighted sums of signs, fitted to what readers said of passages of real lectures, podcasts and
explained videos (`benchmarks/marks.py` has the figures). A factor of 50 is what their passages have
on average.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from vidpipe.segments.model import Factor, FactorName

#: Points of a factor, and of the score without learnt borders, that a standard deviation of the
#: readers' passages is.
_FACTOR_POINTS, _SCORE_POINTS = 20.0, 12.0


@dataclass(frozen=True)
class _BorderWeights:
    """What a standard deviation of each border counts beside one of the factors', and what a
    passage loses that is half the range of lengths longer or shorter than readers like it.

    `usual` is what makes 50 of it, with `points` for each deviation more: a quarter of a
    recording's passages reach 50, one in twenty 61. `benchmarks/passages.py` has the fits: readers
    like 37 to 40 of 15 to 60 s best. The network's are two thirds of its fit (1.33, 1.01, 2.36),
    and more of `worth` (0.43): 650 passages that were marked alone are ordered better where the
    factors count more, hardly otherwise from there to a half of it.
    """

    opens: float
    ends: float
    worth: float
    far_off: float
    usual: float
    points: float


#: Of borders that the table tells, and of those that the network reads.
_BY_TABLE = _BorderWeights(0.56, 0.49, 0.0, far_off=1.86, usual=0.8, points=8.0)
_BY_NETWORK = _BorderWeights(0.89, 0.67, 0.50, far_off=1.57, usual=1.95, points=5.3)
#: A sign is there from this value on, and it is said if it moves its factor by so many points.
_PRESENT, _TELLING = 0.25, 3.0
_SAID_AT_MOST = 2

#: What a sign is, in words: of the opening, of the end, of the whole.
_WORDS = {
    "opens": "its first sentence needs nothing before it",
    "ends": "its last sentence comes to an end",
    "first_question": "opens with a question",
    "first_claim": "opens with a claim",
    "opening_claim": "claims something at once",
    "opening_vivid": "a vivid opening",
    "first_vivid": "a vivid first sentence",
    "opening_story": "begins a story",
    "first_story": "begins a story",
    "first_expectation": "opens with what one would expect",
    "opening_expectation": "opens with what one would expect",
    "first_promise": "promises something",
    "first_fresh": "begins something new",
    "starts_topic": "begins with its topic",
    "all_condition": "has a case to imagine",
    "all_comparison": "compares",
    "all_vivid": "tells or moves",
    "all_reversal": "turns against what one expects",
    "all_reason": "gives reasons",
    "all_definition": "says what a term means",
    "importance": "matters in its topic",
    "best_importance": "has a strong sentence",
    "centrality": "is at the heart of its topic",
    "last_recalls": "the end comes back to what was said",
    "last_closure": "draws a conclusion",
    "last_claim": "ends with a claim",
    "last_reason": "ends with the reason",
    "last_reversal": "ends with the turn",
    "holds_answer": "has a question and its answer",
    "holds_reversal": "has an expectation and what breaks it",
    "holds_story": "has a story and its end",
    "holds_named": "names who it is about",
    "holds_goes_on": "one thought goes on",
    "length": "takes its time",
    "next_fresh": "something new follows",
    "next_turn": "something new follows",
    "next_pause": "a pause follows",
    "ends_topic": "ends with its topic",
    "first_title": "its first sentence would do as a title",
    "opening_title": "its opening would do as a title",
    "best_title": "has a sentence that would do as a title",
    "last_long": "ends with a full sentence",
    "inner_turn": "turns to the next within",
    "inner_fresh": "two things in one",
    "last_fresh": "ends beginning something new",
    "first_demonstrative": "opens pointing at something",
    "begins_narration": "somebody tells what happened to them",
    "begins_long_ago": "begins with what happened once",
    "begins_universal": "opens with what holds for everybody",
    "begins_trouble": "opens with what is wrong or hard",
    "begins_imagined": "opens with a case to imagine",
    "begins_asks_why": "opens asking why or how",
    "begins_pointers": "opens pointing at something",
    "begins_also": "opens adding to what was said",
    "begins_together": "opens speaking to the room",
    "begins_vague_it": "much of the opening is it and that",
    "begins_long": "opens with a full sentence",
    "tells_said": "quotes somebody",
    "tells_nobody": "says what nobody does",
    "tells_contrast": "sets things against each other",
    "tells_surprise": "something turns out otherwise",
    "tells_lesson": "tells what was learned",
    "tells_money": "money is at stake",
    "tells_asks_why": "asks why or how",
    "tells_reason": "gives reasons",
    "tells_addressed": "speaks to whoever listens",
    "tells_feeling": "tells of feelings",
    "tells_people": "is about people",
    "tells_past": "tells what happened",
    "tells_universal": "says what always or never holds",
    "tells_linking": "hops from so to then",
    "tells_pointers": "points at things near",
    "tells_ahead": "says what will come next",
    "tells_halting": "spoken haltingly",
    "tells_chatter": "chatter",
    "tells_programme": "the recording speaks of itself",
    "ends_universal": "ends with what always holds",
    "ends_addressed": "ends speaking to whoever listens",
    "ends_reason": "ends with the reason",
    "ends_ahead": "ends with what will come next",
    "enough": "says enough",
    "sentence_length": "speaks in full sentences",
    "varied": "has many different words",
    "taken_up": "its opening is taken up later",
    "goes_on_about": "goes on about what was said before",
    "comes_round": "its end comes back to its opening",
    "then_asked": "a question follows",
    "then_reply": "somebody replies after it",
    "hand_hook": "signs of a strong opening",
    "hand_self_contained": "needs little of what was said before",
    "hand_coherence": "keeps to its topic",
    "hand_content": "important sentences",
    "hand_closure": "signs of a good end",
    "wording_hook": "worded like passages that draw people in",
    "wording_self_contained": "worded like passages that stand alone",
    "wording_payoff": "worded like passages worth telling a friend",
    "wording_closure": "worded like passages that come to an end",
    "first_dangling_start": "opens on something said before",
    "first_connective_start": "opens with a connecting word",
    "first_answer": "opens with an answer",
    "first_reply": "opens with a reply",
    "opening_reply": "opens with a reply",
    "first_unnamed": "somebody is not named",
    "opening_unnamed": "somebody is not named",
    "first_backward": "refers back",
    "opening_backward": "refers back",
    "all_backward": "refers back",
    "first_elsewhere": "speaks to the room",
    "opening_elsewhere": "speaks to the room",
    "all_elsewhere": "speaks to the room",
    "last_elsewhere": "ends speaking to the room",
    "first_too_short": "opens on a scrap",
    "all_too_short": "has scraps of sentences",
    "last_too_short": "ends on a scrap",
    "first_halting": "opens haltingly",
    "all_halting": "spoken haltingly",
    "all_slow": "spoken slowly",
    "first_number": "opens with a number",
    "first_notation": "opens with a formula",
    "all_notation": "reads formulas out",
    "opening_pointing": "points at the picture at once",
    "all_pointing": "points at the picture",
    "all_demonstrative": "much of it is this and these",
    "opening_anaphors": "much of the opening is it and that",
    "leans": "takes things said before as known",
    "all_rare": "many words that few use",
    "all_names": "many names",
    "all_enumeration": "lists things",
    "all_question": "asks much",
    "all_reply": "half of a dialogue",
    "all_housekeeping": "housekeeping",
    "first_housekeeping": "opens with housekeeping",
    "last_housekeeping": "ends with housekeeping",
    "all_agenda": "announces what will come",
    "first_agenda": "announces what will come",
    "last_agenda": "ends announcing what will come",
    "all_slip": "a slip of the tongue",
    "lead_in": "begins with filler",
    "last_question": "ends on a question",
    "last_promise": "ends on a promise",
    "last_turn": "ends turning to the next",
    "last_example": "ends inside an example",
    "next_answer": "the answer comes after it",
    "next_connective_start": "the thought goes on after it",
    "next_dangling_start": "the thought goes on after it",
    "lacks_start_named": "the name was said before",
    "lacks_start_answer": "the question was asked before",
    "lacks_start_reason": "the claim was made before",
    "lacks_start_goes_on": "the thought began before",
    "lacks_start_story": "the story began before",
    "lacks_end_answer": "a question is left open",
    "lacks_end_story": "the story goes on",
    "lacks_end_promise": "a promise is left open",
    "lacks_end_reversal": "the turn comes after it",
    "lacks_end_goes_on": "the thought goes on after it",
    "lacks_end_reason": "the reason comes after it",
}


@dataclass(frozen=True)
class _Model:
    share: float
    spread: float
    signs: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Models:
    """The four models, and how far apart the passages are that they were fitted to."""

    spread: float
    factors: Mapping[FactorName, _Model]


def models_from(raw: Mapping[str, Any]) -> Models:
    """As `benchmarks.marks` writes them."""
    return Models(
        spread=float(raw["spread"]),
        factors={
            name: _Model(
                share=item["share"],
                spread=item["spread"],
                signs={sign: tuple(values) for sign, values in item["signs"].items()},
            )
            for name, item in raw["factors"].items()
        },
    )


@functools.cache
def fitted_models() -> Models:
    """Those that are kept with the package."""
    path = files("vidpipe.segments").joinpath("weights.json")
    return models_from(json.loads(path.read_text("utf-8")))


def score_of(signs: Mapping[str, float], off: float) -> float:
    """The score that signs give, 0 to 100; `off`: by how many halves of the range of lengths a
    passage is longer or shorter than readers like it."""
    whole = standing(signs)
    if "opens" not in signs:
        return round(_points(whole, _SCORE_POINTS), 2)
    by = _BY_NETWORK if "worth" in signs else _BY_TABLE
    whole += by.opens * signs["opens"] + by.ends * signs["ends"]
    whole += by.worth * signs.get("worth", 0.0) - by.far_off * off * off
    return round(_points(whole - by.usual, by.points), 2)


def standing(signs: Mapping[str, float]) -> float:
    """What the four factors come to, in standard deviations of the readers' passages."""
    models = fitted_models()
    return sum(m.share * _value(m, signs) for m in models.factors.values()) / models.spread


def factors_of(signs: Mapping[str, float]) -> tuple[Factor, ...]:
    """The four factors, with the signs that tell most for and against each."""
    return tuple(
        Factor(
            name=name,
            value=round(_points(_value(model, signs) / model.spread, _FACTOR_POINTS), 1),
            evidence=_evidence(model, signs),
        )
        for name, model in fitted_models().factors.items()
    )


def _value(model: _Model, signs: Mapping[str, float]) -> float:
    return sum(
        weight * (signs[sign] - mean) / spread
        for sign, (weight, mean, spread) in model.signs.items()
        if sign in signs
    )


def _points(deviations: float, points: float) -> float:
    return min(100.0, max(0.0, 50.0 + points * deviations))


def _evidence(model: _Model, signs: Mapping[str, float]) -> tuple[str, ...]:
    """What is there and moves the factor, for it first."""
    moved = {
        sign: weight * (signs[sign] - mean) / spread / model.spread * _FACTOR_POINTS
        for sign, (weight, mean, spread) in model.signs.items()
        if signs.get(sign, 0.0) >= _PRESENT
    }
    ordered = sorted(moved, key=lambda s: -abs(moved[s]))
    good = [_WORDS[s] for s in ordered if moved[s] > _TELLING and model.signs[s][0] > 0]
    bad = [f"but {_WORDS[s]}" for s in ordered if moved[s] < -_TELLING and model.signs[s][0] < 0]
    said = [
        *list(dict.fromkeys(good))[:_SAID_AT_MOST],
        *list(dict.fromkeys(bad))[:_SAID_AT_MOST],
    ]
    return tuple(said) or ("nothing speaks for or against it",)
