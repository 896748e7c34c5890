"""What tests of transcripts share."""

from difflib import SequenceMatcher

import numpy as np


def start_errors(words, true):
    """By how many seconds words begin later than `(start_s, text)` says, of those that agree."""
    said = [w.text.strip(".,?!").lower() for w in words]
    matcher = SequenceMatcher(None, said, [t.lower() for _, t in true], autojunk=False)
    return np.array(
        [
            words[b.a + k].start_s - true[b.b + k][0]
            for b in matcher.get_matching_blocks()
            for k in range(b.size)
        ]
    )


def srt(*texts):
    """An SRT file, a cue every 4 s."""
    return "\n\n".join(
        f"{k}\n00:00:{4 * k:02d},000 --> 00:00:{4 * k + 3:02d},500\n{t}"
        for k, t in enumerate(texts, 1)
    ).encode("utf-8", "surrogatepass")
