"""Whisper by transformers and torch: many windows at once on a GPU (extra `gpu`)."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidpipe.errors import Unavailable
from vidpipe.media.samples import SAMPLE_RATE
from vidpipe.models import ModelStore, chosen
from vidpipe.timeline import Interval
from vidpipe.transcript.dtw import warp
from vidpipe.transcript.hints import hint, said_back
from vidpipe.transcript.languages import not_in_whisper
from vidpipe.transcript.model import TransformersOptions, Word
from vidpipe.transcript.recogniser import Passage, Recognised
from vidpipe.transcript.windows import stitched, windows

_WINDOW_S = 29.5
_GAP_S = 3.0
#: One step of the encoder's output.
_STEP_S = 0.02
#: Width of the median filter over attention, as in the paper's own code.
_MEDIAN = 7
#: Signs of a failed window, and what is tried then, as in section 4.5 of Whisper's paper.
_TOO_REGULAR = 2.4
_TOO_UNSURE = -1.0
_TEMPERATURES = (0.2, 0.4, 0.6, 0.8)
#: A GPU keeps so much of its free memory for what is not counted.
_SPARE = 0.7
#: Written without spaces: each character may be a word.
_UNSPACED = ("zh", "ja", "th", "lo", "my", "yue")


class TransformersWhisper:
    """Half precision on a GPU, single on a CPU; greedy, word times from cross-attention."""

    name = "transformers"
    draft = False
    parallel = 1
    longest_s = float("inf")
    cost_per_minute = 0.0

    def __init__(self, options: TransformersOptions, store: ModelStore) -> None:
        self.options = options
        self.weights = store.needed(
            chosen(
                options.model,
                like="whisper-large-v3-transformers",
                revision=options.revision,
                path=options.path,
            )
        )

    @property
    def identity(self) -> str:
        from importlib.metadata import version

        kind = "half" if _gpu() else "single"
        return f"{self.name}-{version('transformers')}:{self.weights.identity}:{kind}"

    def missing(self, language: str | None, *, asked_for: bool) -> str | None:
        if find_spec("torch") is None or find_spec("transformers") is None:
            return "torch is not installed: pip install 'vidpipe[gpu]'"
        if not asked_for and not _gpu():
            return (
                "there is no GPU here (name it in VIDPIPE_TRANSCRIPT__RECOGNISERS to use the CPU)"
            )
        return self.weights.missing() or not_in_whisper(language)

    def recognise(self, passage: Passage, language: str | None) -> Recognised:
        pieces = windows(passage.speech, passage.interval.end_s, max_s=_WINDOW_S, max_gap_s=_GAP_S)
        if not pieces:
            return Recognised((), language or "")
        whisper = _loaded(str(self.weights.folder()))
        heard = whisper.language([passage.samples.read(p.start_s, p.end_s) for p in pieces[:4]])
        found = self._heard(whisper, passage, pieces, language or heard)
        return Recognised(stitched(found), heard)

    def _heard(
        self, whisper: _Whisper, passage: Passage, pieces: Sequence[Interval], language: str
    ) -> Iterator[tuple[Interval, list[Word]]]:
        """Each window with its words; fewer windows at once where memory runs out."""
        batch = self.options.batch or whisper.batch_that_fits()
        first = 0
        while first < len(pieces):
            part = pieces[first : first + batch]
            sounds = [passage.samples.read(p.start_s, p.end_s) for p in part]
            try:
                heard = whisper.transcribe(sounds, language, passage.terms)
            except whisper.out_of_memory as error:
                whisper.free()
                if batch == 1:
                    raise Unavailable(
                        "the GPU's memory is too small for one window of 30 s, or in use by "
                        "others; a smaller model (VIDPIPE_TRANSCRIPT__TRANSFORMERS__MODEL) fits"
                    ) from error
                batch = max(1, batch // 2)
                continue
            for window, words in zip(part, heard, strict=True):
                yield window, [_later(w, window.start_s) for w in words]
            first += len(part)


def _later(word: Word, by_s: float) -> Word:
    times = {"start_s": round(word.start_s + by_s, 3), "end_s": round(word.end_s + by_s, 3)}
    return word.model_copy(update=times)


def _gpu() -> bool:
    if find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


@functools.lru_cache(maxsize=1)
def _loaded(folder: str) -> _Whisper:
    """The model, loaded and warmed up once a process."""
    return _Whisper(Path(folder))


class _Whisper:
    """A loaded model: sounds of at most 30 s to words with times from the sound's start."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import WhisperForConditionalGeneration, WhisperProcessor

        self.torch = torch
        self.out_of_memory: type[Exception] = torch.OutOfMemoryError
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.kind = torch.float16 if self.device == "cuda" else torch.float32
        processor: Any = WhisperProcessor.from_pretrained(str(folder), local_files_only=True)
        self.features = processor.feature_extractor
        self.tokenizer = processor.tokenizer
        model: Any = WhisperForConditionalGeneration.from_pretrained(
            str(folder), local_files_only=True, dtype=self.kind
        )
        self.model = model.to(self.device).eval()
        config = self.model.config
        heads = getattr(self.model.generation_config, "alignment_heads", None)
        # Without a list of heads that follow the sound: all of the upper half.
        self.heads = heads or [
            (layer, head)
            for layer in range(config.decoder_layers // 2, config.decoder_layers)
            for head in range(config.decoder_attention_heads)
        ]
        self.multilingual = bool(getattr(self.model.generation_config, "is_multilingual", True))
        self.end = self.tokenizer.eos_token_id
        self.start = int(self.tokenizer.convert_tokens_to_ids("<|startoftranscript|>"))
        if self.device == "cuda":
            self.transcribe([np.zeros(SAMPLE_RATE, np.float32)], "en")

    def free(self) -> None:
        """Give back what a failed attempt held."""
        if self.device == "cuda":
            self.torch.cuda.empty_cache()

    def batch_that_fits(self) -> int:
        """Windows at once, from what one of them takes and what memory is free."""
        if self.device != "cuda":
            return 4
        config = self.model.config
        tokens = config.max_target_positions // 2
        positions = config.max_source_positions
        width = 2  # bytes of a half
        attention = (
            config.decoder_layers * config.decoder_attention_heads * tokens * positions * width
        )
        cache = 2 * config.decoder_layers * config.d_model * (positions + tokens) * width
        encoder = 4 * positions * (config.encoder_ffn_dim + 4 * config.d_model) * width
        logits = config.vocab_size * tokens * 4
        free, _ = self.torch.cuda.mem_get_info()
        return max(1, min(256, int(_SPARE * free / (attention + cache + encoder + logits))))

    def language(self, sounds: Sequence[NDArray[np.float32]]) -> str:
        """What most of the sounds are spoken in."""
        if not self.multilingual:
            return "en"
        with self.torch.inference_mode():
            found = self.model.detect_language(encoder_outputs=self._encoded(sounds))
        names = [self.tokenizer.decode([int(k)]).strip("<|>") for k in found]
        return str(max(sorted(set(names)), key=names.count))

    def transcribe(
        self, sounds: Sequence[NDArray[np.float32]], language: str, terms: Sequence[str] = ()
    ) -> list[list[Word]]:
        """Words of each sound, heard by somebody who was told the terms."""
        torch = self.torch
        with torch.inference_mode():
            encoded = self._encoded(sounds)
            found = self._generated(encoded, language, 0.0, self._told(terms))
            words = []
            for k, first_try in enumerate(found):
                one = self._part(encoded, k)
                tokens, chances, attention = self._surest(one, language, first_try, terms)
                steps = round(len(sounds[k]) / SAMPLE_RATE / _STEP_S)
                shown = attention[:, : max(1, min(attention.shape[1], steps))]
                words.append(self._words(tokens, chances, shown, language))
        return words

    def _surest(
        self, encoded: Any, language: str, tokens: list[int], terms: Sequence[str]
    ) -> tuple[list[int], NDArray[np.float32], NDArray[np.float32]]:
        """A window's tokens; where they look failed, again without the terms, then drawn.

        Drawn at rising temperature.
        """
        told = self._told(terms)
        chances, attention = self._attended(encoded, language, tokens, told)
        for temperature in (*(0.0 for _ in told[:1]), *_TEMPERATURES):
            if not self._failed(tokens, chances, terms if told else ()):
                break
            # Drawn at random, yet the same recording gives the same words.
            self.torch.manual_seed(0)
            told = []
            tokens = self._generated(encoded, language, temperature, told)[0]
            chances, attention = self._attended(encoded, language, tokens, told)
        return tokens, chances, attention

    def _encoded(self, sounds: Sequence[NDArray[np.float32]]) -> Any:
        features = self.features(
            list(sounds), sampling_rate=SAMPLE_RATE, return_tensors="pt", device=self.device
        ).input_features
        return self.model.get_encoder()(features.to(self.device, self.kind))

    def _part(self, encoded: Any, k: int) -> Any:
        from transformers.modeling_outputs import BaseModelOutput

        return BaseModelOutput(last_hidden_state=encoded.last_hidden_state[k : k + 1])

    def _told(self, terms: Sequence[str]) -> list[int]:
        """The terms as the text before a window, with the mark that it begins with."""
        encode = self.tokenizer.encode
        text = hint(terms, lambda t: len(encode(f" {t}", add_special_tokens=False)))
        return [int(t) for t in self.tokenizer.get_prompt_ids(text)] if text else []

    def _generated(
        self, encoded: Any, language: str, temperature: float, told: Sequence[int]
    ) -> list[list[int]]:
        """Tokens of the text, without any that are special."""
        options: dict[str, Any] = {"do_sample": False}
        if temperature:
            options = {"do_sample": True, "temperature": temperature}
        if self.multilingual:
            options |= {"language": language, "task": "transcribe"}
        if told:
            options["prompt_ids"] = self.torch.tensor(told, device=self.device)
        prompt = len(told) + len(self._prompt(language))
        rows = self.model.generate(
            encoder_outputs=encoded,
            return_timestamps=False,
            force_unique_generate_call=True,
            num_beams=1,
            max_new_tokens=self.model.config.max_target_positions - prompt - 1,
            **options,
        )
        # What it was given comes back before the text, the terms as if they were text.
        texts = [[int(t) for t in row] for row in rows]
        texts = [t[t.index(self.start) :] if self.start in t else t for t in texts]
        return [[t for t in text if t < self.end] for text in texts]

    def _prompt(self, language: str) -> list[int]:
        names = ["<|startoftranscript|>"]
        if self.multilingual:
            names += [f"<|{language}|>", "<|transcribe|>"]
        return list(self.tokenizer.convert_tokens_to_ids([*names, "<|notimestamps|>"]))

    def _attended(
        self, encoded: Any, language: str, tokens: Sequence[int], told: Sequence[int]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probability per token, and where in the sound each was found, (tokens + 1, steps)."""
        torch = self.torch
        prompt = [*told, *self._prompt(language)]
        line = torch.tensor([[*prompt, *tokens, self.end]], device=self.device)
        # Only the plain implementation hands its weights out.
        used = self.model.config._attn_implementation
        self.model.set_attn_implementation("eager")
        try:
            out = self.model(
                encoder_outputs=encoded,
                decoder_input_ids=line[:, :-1],
                output_attentions=True,
                use_cache=False,
            )
        finally:
            self.model.set_attn_implementation(used)
        first = len(prompt) - 1
        likely = torch.log_softmax(out.logits[0, first:].float(), dim=-1)
        chances = likely.gather(1, line[0, first + 1 :, None]).exp()[:, 0]
        weights = torch.stack([out.cross_attentions[layer][0, head] for layer, head in self.heads])
        weights = weights[:, first:].float()
        spread, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
        weights = (weights - mean) / (spread + 1e-6)
        padded = torch.nn.functional.pad(weights, (_MEDIAN // 2, _MEDIAN // 2), mode="reflect")
        smooth = padded.unfold(-1, _MEDIAN, 1).median(dim=-1).values.mean(dim=0)
        return chances.cpu().numpy(), smooth.cpu().numpy()

    def _failed(
        self, tokens: Sequence[int], chances: NDArray[np.float32], terms: Sequence[str]
    ) -> bool:
        said = self.tokenizer.decode(list(tokens))
        if not said:
            return False
        if said_back(said, terms):
            return True
        text = said.encode()
        regular = len(text) / len(zlib.compress(text)) > _TOO_REGULAR
        return regular or float(np.log(np.maximum(chances, 1e-10)).mean()) < _TOO_UNSURE

    def _words(
        self,
        tokens: Sequence[int],
        chances: NDArray[np.float32],
        attention: NDArray[np.float32],
        language: str,
    ) -> list[Word]:
        if not tokens:
            return []
        # The path passes each token where attention to it begins; the last row is the end.
        rows, columns = warp(-attention)
        begins = np.array([columns[np.argmax(rows == k)] for k in range(len(tokens) + 1)]) * _STEP_S
        words = []
        for text, first, last in _grouped(self.tokenizer, tokens, language):
            start_s, end_s = float(begins[first]), float(begins[last])
            words.append(
                Word(
                    text=text,
                    start_s=round(start_s, 3),
                    end_s=round(max(end_s, start_s + _STEP_S), 3),
                    confidence=round(float(chances[first:last].mean()), 3),
                )
            )
        return words


def _grouped(tokenizer: Any, tokens: Sequence[int], language: str) -> list[tuple[str, int, int]]:
    """Words as `(text, first token, last token + 1)`: punctuation goes with the word before it."""
    pieces: list[tuple[str, int, int]] = []
    first = 0
    for k in range(len(tokens)):
        text = tokenizer.decode(list(tokens[first : k + 1]))
        if "\ufffd" in text and k + 1 < len(tokens):
            continue  # a character is not whole yet
        pieces.append((text, first, k + 1))
        first = k + 1
    words: list[tuple[str, int, int]] = []
    for text, first, last in pieces:
        begins = text.startswith(" ") or language in _UNSPACED
        mark = not any(c.isalnum() for c in text)
        if words and (mark or not begins):
            before = words[-1]
            words[-1] = (before[0] + text, before[1], last)
        else:
            words.append((text, first, last))
    return [(text.strip(), first, last) for text, first, last in words if text.strip()]
