"""The models that the settings lead to, before any of them is fetched or loaded."""

from __future__ import annotations

from vidpipe.content.vectors import sentence_model
from vidpipe.layout.text import reads_slides
from vidpipe.media.faces.choose import BEST
from vidpipe.models import Needed, entry
from vidpipe.segments.borders.network import border_network
from vidpipe.settings import Settings
from vidpipe.transcript.registry import choose


def needed_models(settings: Settings) -> list[Needed]:
    """What stages will load on this machine; fetches nothing and asks no network.

    What a sidecar or a server makes needless is among them: that is known only once there
    is a video.

    Raises:
        Misconfigured: the settings name a model that there is not.
    """
    store = settings.model_store
    found = [store.needed("silero-vad")]
    recogniser, _ = choose(settings.transcript, None, store, fetch=False)
    if recogniser is not None and recogniser.weights is not None:
        found.append(recogniser.weights)
    # The aligner of English sidecars, and the recogniser that is left where there is no other.
    found += [store.needed("pocketsphinx"), faces_needed(settings)]
    if reads_slides(settings.layout):
        found.append(store.needed("rapidocr"))
    sentences, _ = sentence_model(settings.content.sentence_model, store, fetch=False)
    if sentences is not None:
        found.append(sentences.weights)
    if settings.segments.border_network:
        network, _ = border_network("en", store, fetch=False)
        found += [network.weights] if network is not None else []
    return found


def faces_needed(settings: Settings) -> Needed:
    """The model of the face detector that the settings ask for."""
    store = settings.model_store
    if settings.faces == "dlib":
        return store.needed("dlib-hog")
    wanted = entry(BEST if settings.faces == "auto" else settings.faces)
    return store.needed(wanted, settings.face_model)
