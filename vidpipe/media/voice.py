"""How likely a voice is: Silero VAD, the model that faster-whisper carries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Samples of 16 kHz that the model judges at a time: 32 ms.
WINDOW = 512


def voice(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of a voice for each `WINDOW` of 16 kHz mono in -1 to 1; the last one filled."""
    from faster_whisper.vad import get_vad_model

    whole = np.pad(sound, (0, -len(sound) % WINDOW))
    return np.asarray(get_vad_model()(whole), np.float32).ravel()
