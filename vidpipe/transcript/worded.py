"""A transcript as its channel wants it written: its terms put right, strong language covered."""

from __future__ import annotations

from vidpipe.channels.wording import Wording
from vidpipe.silence.model import SpeechMap
from vidpipe.transcript.model import Flag, Transcript
from vidpipe.transcript.profanity import masked
from vidpipe.transcript.quality import measured
from vidpipe.transcript.sentences import split_sentences
from vidpipe.transcript.terms import with_terms


def worded(transcript: Transcript, wording: Wording, speech: SpeechMap) -> Transcript:
    """The same words at the same times, wherever they come from; what changed is flagged."""
    words, flags = list(transcript.words), list(transcript.flags)
    words, corrections = with_terms(words, wording.terms, transcript.language)
    if corrections:
        first = min(c.at_s for c in corrections)
        flags.append(Flag(kind="term", count=len(corrections), at_s=round(first, 2)))
    if wording.profanity == "mask":
        words, said = masked(words, transcript.language)
        if said:
            at_s = round(said[0].start_s, 2)
            flags.append(Flag(kind="strong_language", count=len(said), at_s=at_s))
    if len(flags) == len(transcript.flags):
        return transcript
    return transcript.model_copy(
        update={
            "words": tuple(words),
            "sentences": tuple(split_sentences(words, transcript.language)),
            "flags": tuple(flags),
            "quality": measured(words, speech, transcript.language),
        }
    )
