"""Sentences as vectors: of their terms, or by a sentence-embedding model (extra `embeddings`)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidpipe.content.model import SentenceModelOptions
from vidpipe.errors import Unavailable
from vidpipe.models import ModelStore, chosen
from vidpipe.stuck import silent

_BATCH = 64
_MOST_TERMS = 2000
#: What a large model may take for a text on the slowest machine, and before the first one.
_TEXT_TAKES_S, _LOAD_S = 2.0, 300.0


def term_vectors(terms: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    """Unit-length TF-IDF vectors, shape (n, terms); zeros for units without terms."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(terms):
        return np.zeros((len(terms), 1), np.float32)
    vectorizer = TfidfVectorizer(
        analyzer=lambda unit: unit, sublinear_tf=True, max_features=_MOST_TERMS, dtype=np.float32
    )
    return np.asarray(vectorizer.fit_transform(terms).toarray(), np.float32)


class SentenceModel:
    """Unit-length vectors of what sentences mean, on the GPU where there is one."""

    def __init__(self, options: SentenceModelOptions, store: ModelStore) -> None:
        self.options = options
        self.weights = store.needed(
            chosen(
                options.model,
                like="sentences-multilingual",
                revision=options.revision,
                path=options.path,
            )
        )

    @property
    def identity(self) -> str:
        """What results depend on, for fingerprints."""
        from importlib.metadata import version

        return f"sentence-transformers-{version('sentence-transformers')}:{self.weights.identity}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (n, dimensions)."""
        model = _loaded(str(self.weights.folder()))
        # At one go, as how sentences are put together changes the last bits of their vectors.
        with silent(_LOAD_S + _TEXT_TAKES_S * len(texts)):
            vectors = model.encode(
                list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, np.float32)


def sentence_model(
    options: SentenceModelOptions, store: ModelStore, *, fetch: bool = True
) -> tuple[SentenceModel | None, str]:
    """The model if it can be used; else why words alone have to do.

    It is fetched if it is not here and the store may; with `fetch` False nothing is: what
    would be fetched counts as there.

    Raises:
        Unavailable: a path was given and there is no model in it.
    """
    if not options.enabled:
        return None, "switched off"
    if find_spec("sentence_transformers") is None:
        why = "sentence-transformers is not installed: pip install 'vidpipe[embeddings]'"
        if options.path is not None:
            raise Unavailable(why)
        return None, why
    model = SentenceModel(options, store)
    try:
        why = model.weights.missing() or ""
        if fetch or why:
            model.weights.located()
    except Unavailable as error:
        if options.path is not None:
            raise
        return None, str(error)
    return model, ""


@functools.lru_cache(maxsize=1)
def _loaded(folder: str) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(folder, local_files_only=True)
