"""What the made-up talk says and shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ScriptPage:
    """A slide and what is said while it shows; `pause_s` of silence comes after it."""

    title: str
    bullets: tuple[str, ...]
    sentences: tuple[str, ...]
    pause_s: float = 1.2


DEMO_TALK: tuple[ScriptPage, ...] = (
    ScriptPage(
        "How Sound Becomes Numbers",
        ("What a microphone measures", "Sampling and bits", "Why small files still sound good"),
        (
            "Hello everyone, can you hear me at the back?",
            "Today I want to show you how a sound in the air becomes a row of numbers.",
            "Nothing in this talk needs more than school mathematics.",
        ),
        1.6,
    ),
    ScriptPage(
        "What a microphone measures",
        (
            "Air pressure, many times a second",
            "A thin membrane follows it",
            "Voltage follows the membrane",
        ),
        (
            "What is a sound, really?",
            "A sound is a small change of air pressure that travels, and nothing more than that.",
            "Inside a microphone a thin membrane moves with the pressure, and a voltage follows the membrane.",
            "For example, a quiet voice moves that membrane by less than one millionth of a meter.",
            "That is why every microphone needs an amplifier close by.",
        ),
        2.4,
    ),
    ScriptPage(
        "Sampling",
        (
            "Look at the voltage at fixed moments",
            "Twice the highest frequency is enough",
            "44 100 samples a second",
        ),
        (
            "How often do we have to look at the voltage?",
            "The answer is surprising, because twice the highest frequency is always enough.",
            "This rule is called the sampling theorem, and it is the most important idea of this talk.",
            "People hear up to twenty thousand vibrations a second, so a compact disc takes forty four thousand one hundred samples.",
            "If we sample more slowly, high tones come back as wrong low tones, and no filter can remove them afterwards.",
        ),
        1.8,
    ),
    ScriptPage(
        "Bits and noise",
        ("Each sample is rounded", "One bit is six decibels", "16 bits: 96 decibels of room"),
        (
            "Now each sample must be written down as a number with a limited length.",
            "Rounding makes an error, and the ear hears that error as noise.",
            "Remember one figure: every additional bit lowers the noise by six decibels.",
            "Sixteen bits give ninety six decibels, which means the noise is quieter than a whisper in a stadium.",
            "Most mistakes in recording are not about bits at all, but about a level that was set too high.",
        ),
        2.2,
    ),
    ScriptPage(
        "Smaller files",
        ("Loud tones hide quiet ones", "Leave out what nobody hears", "One tenth of the size"),
        (
            "Why can a music file be ten times smaller and still sound good?",
            "The trick is that a loud tone hides quiet tones close to it, and we call that masking.",
            "The encoder computes what nobody can hear and simply does not store it.",
            "However, every time you encode again, a little more is lost, so never edit a compressed file.",
            "Keep the original, and make the small copy last.",
        ),
        1.6,
    ),
    ScriptPage(
        "To take home",
        (
            "Pressure, voltage, numbers",
            "Sample twice as fast as you hear",
            "Compress once, at the end",
        ),
        (
            "In summary, a sound becomes a voltage, the voltage becomes samples, and the samples become bits.",
            "If you remember one thing, remember to sample twice as fast as the highest tone you care about.",
            "Thank you for listening, and enjoy your next recording.",
        ),
        0.8,
    ),
)


def signed(pages: Sequence[ScriptPage], voice: str) -> tuple[ScriptPage, ...]:
    """The same talk, whose last page says which voice spoke: nobody is to take it for a person."""
    *others, last = pages
    return (*others, replace(last, bullets=(*last.bullets, f"Made up; spoken by: {voice}")))
