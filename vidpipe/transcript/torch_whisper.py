"""Whisper computed by torch and transformers, with the methods of CTranslate2's.

So that what is done with a Whisper's windows is written once (`whisper_ear`, `longform`),
and faster-whisper's reading of tokens and times serves both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vidpipe.errors import Unavailable
from vidpipe.spending import metered_gpu
from vidpipe.transcript.dtw import warp

Floats = NDArray[np.float32]
Result = TypeVar("Result")

#: A log probability under which no difference matters.
_LEAST = 1e-10


@dataclass(frozen=True)
class Generated:
    """Tokens of a window, best first: CTranslate2's `WhisperGenerationResult`.

    `scores` are log probabilities, the end's too, over the number of tokens without it.
    """

    sequences_ids: list[list[int]]
    scores: list[float]
    no_speech_prob: float


@dataclass(frozen=True)
class Alignment:
    """Which token is heard in which step of 20 ms: its `WhisperAlignmentResult`."""

    alignments: list[tuple[int, int]]
    text_token_probs: list[float]


class TorchWhisper:
    """A loaded model: half precision on a GPU, single on a CPU.

    Where memory runs out it takes half as many windows at once, from then on.
    """

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import WhisperForConditionalGeneration

        self.torch = torch
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.kind = torch.float16 if self.device == "cuda" else torch.float32
        model: Any = WhisperForConditionalGeneration.from_pretrained(
            str(folder), local_files_only=True, dtype=self.kind
        )
        self.net = model.to(self.device).eval()
        config, generation = self.net.config, self.net.generation_config
        # Given with each window; what stands here would be added to that.
        generation.suppress_tokens = generation.max_length = None
        self.at_begin = list(generation.begin_suppress_tokens or ())
        generation.begin_suppress_tokens = None
        # Without a list of heads that follow the sound: all of the upper half.
        self.heads = getattr(generation, "alignment_heads", None) or [
            (layer, head)
            for layer in range(config.decoder_layers // 2, config.decoder_layers)
            for head in range(config.decoder_attention_heads)
        ]
        self.is_multilingual = bool(getattr(generation, "is_multilingual", True))
        self.languages = dict(getattr(generation, "lang_to_id", None) or {})
        self.end = int(config.eos_token_id)
        self.start = int(config.decoder_start_token_id)
        self.without_times = int(generation.no_timestamps_token_id)
        self.at_once: int | None = None

    def encode(self, features: Floats) -> Floats:
        """Of log-Mel frames, shape (windows, mels, frames): shape (windows, steps, width)."""

        def part(at: slice) -> list[Floats]:
            given = self.torch.from_numpy(np.ascontiguousarray(features[at]))
            found = self.net.get_encoder()(given.to(self.device, self.kind))
            return [found.last_hidden_state.float().cpu().numpy()]

        return np.concatenate(self._in_parts(len(features), part))

    def detect_language(self, encoded: Any) -> list[list[tuple[str, float]]]:
        """Of each window, every language's token with its probability, likeliest first."""
        names = sorted(self.languages, key=lambda name: self.languages[name])

        def part(at: slice) -> list[list[tuple[str, float]]]:
            given = self._given(encoded, at)
            line = self.torch.full((len(given), 1), self.start, device=self.device)
            logits = self._logits(self._hidden(given, line)[:, 0])
            chances = logits[:, [self.languages[name] for name in names]].softmax(-1).tolist()
            return [
                sorted(zip(names, row, strict=True), key=lambda told: -told[1]) for row in chances
            ]

        return self._in_parts(len(np.asarray(encoded)), part)

    def generate(
        self,
        encoded: Any,
        prompts: Sequence[Sequence[int]],
        *,
        beam_size: int,
        max_length: int,
        suppress_tokens: Sequence[int],
        max_initial_timestamp_index: int,
        no_repeat_ngram_size: int = 0,
        return_scores: bool = True,
        return_no_speech_prob: bool = True,
    ) -> list[Generated]:
        """Text and time marks of windows by beam search; their prompts are equally long."""
        from transformers import GenerationConfig, LogitsProcessorList
        from transformers.generation import GenerationMixin, logits_process
        from transformers.modeling_outputs import BaseModelOutput

        begin = len(prompts[0])
        settings: Any = GenerationConfig(
            num_beams=beam_size,
            do_sample=False,
            early_stopping=beam_size > 1,
            # Chances among the tokens that the rules below leave, as Whisper's makers take them.
            renormalize_logits=True,
            no_repeat_ngram_size=no_repeat_ngram_size,
            max_new_tokens=min(max_length // 2, max_length - begin),
            eos_token_id=self.end,
            pad_token_id=self.end,
            decoder_start_token_id=self.start,
        )
        settings.no_timestamps_token_id = self.without_times
        settings.max_initial_timestamp_index = max_initial_timestamp_index
        suppressed = sorted({*suppress_tokens, self.without_times})
        rules = LogitsProcessorList(
            [
                logits_process.SuppressTokensLogitsProcessor(suppressed, device=self.device),
                logits_process.SuppressTokensAtBeginLogitsProcessor(
                    self.at_begin, begin, device=self.device
                ),
                logits_process.WhisperTimeStampLogitsProcessor(settings, begin),
            ]
        )

        def part(at: slice) -> list[Generated]:
            given = self._given(encoded, at)
            line = self.torch.tensor([list(p) for p in prompts[at]], device=self.device)
            # Whisper's own `generate` reads long sound by itself; this is the one under it.
            rows = GenerationMixin.generate(
                self.net,
                generation_config=settings,
                logits_processor=rules,
                encoder_outputs=BaseModelOutput(last_hidden_state=given),
                decoder_input_ids=line,
                attention_mask=self.torch.ones(given.shape[:2], device=self.device),
            )
            return [
                self._scored(given[k : k + 1], prompts[at][k], self._text(row[begin:]))
                for k, row in enumerate(rows.tolist())
            ]

        return self._in_parts(len(prompts), part)

    def align(
        self,
        encoded: Any,
        start_sequence: Sequence[int],
        text_tokens: Sequence[Sequence[int]],
        num_frames: int,
        *,
        median_filter_width: int,
    ) -> list[Alignment]:
        """Where in each window each token of its text is heard, from cross-attention."""
        prompt = [*start_sequence, self.without_times]

        def part(at: slice) -> list[Alignment]:
            given = self._given(encoded, at)
            return [
                self._aligned(given[k : k + 1], prompt, text, num_frames // 2, median_filter_width)
                for k, text in enumerate(text_tokens[at])
            ]

        return self._in_parts(len(text_tokens), part)

    def _text(self, tokens: Sequence[int]) -> list[int]:
        return list(tokens[: tokens.index(self.end)] if self.end in tokens else tokens)

    def _scored(self, given: Any, prompt: Sequence[int], text: list[int]) -> Generated:
        """A text with what the model makes of it, and the chance that nobody speaks."""
        line = self.torch.tensor([[*prompt, *text, self.end]], device=self.device)
        hidden = self._hidden(given, line[:, :-1])[0]
        # The mark for it stands before the one for no times.
        at_start = self._logits(hidden[list(prompt).index(self.start)]).softmax(-1)
        first = len(prompt)
        likely = self._logits(hidden[first - 1 :]).log_softmax(-1)
        total = float(likely.gather(1, line[0, first:, None]).sum())
        return Generated(
            [text],
            [total / max(1, len(text))],
            float(at_start[self.without_times - 1]),
        )

    def _aligned(
        self, given: Any, prompt: Sequence[int], text: Sequence[int], steps: int, smooth: int
    ) -> Alignment:
        torch = self.torch
        line = torch.tensor([[*prompt, *text, self.end]], device=self.device)
        # Only the plain implementation hands its weights out.
        used = self.net.config._attn_implementation
        self.net.set_attn_implementation("eager")
        try:
            out = self.net.model.decoder(
                input_ids=line,
                encoder_hidden_states=given,
                output_attentions=True,
                use_cache=False,
            )
        finally:
            self.net.set_attn_implementation(used)
        first = len(prompt) - 1
        likely = self._logits(out.last_hidden_state[0, first:-2])[:, : self.end].softmax(-1)
        chances = likely.gather(1, line[0, first + 1 : -1, None])[:, 0]
        weights = torch.stack([out.cross_attentions[layer][0, head] for layer, head in self.heads])
        weights = weights[:, :, : max(1, steps)].float()
        weights = weights / weights.sum(dim=-1, keepdim=True).clamp_min(_LEAST)
        spread, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
        weights = (weights - mean) / spread.clamp_min(_LEAST)
        if weights.shape[-1] > smooth // 2:
            padded = torch.nn.functional.pad(weights, (smooth // 2, smooth // 2), mode="reflect")
            weights = padded.unfold(-1, smooth, 1).median(dim=-1).values
        rows, columns = warp(-weights.mean(dim=0)[first:-1].cpu().numpy())
        return Alignment(
            list(zip(rows.tolist(), columns.tolist(), strict=True)), chances.cpu().tolist()
        )

    def _hidden(self, given: Any, line: Any) -> Any:
        """What the decoder makes of lines of tokens, shape (lines, tokens, width)."""
        return self.net.model.decoder(
            input_ids=line, encoder_hidden_states=given, use_cache=False
        ).last_hidden_state

    def _logits(self, hidden: Any) -> Any:
        return self.net.proj_out(hidden).float()

    def _given(self, encoded: Any, at: slice) -> Any:
        part = np.ascontiguousarray(np.asarray(encoded)[at])
        return self.torch.from_numpy(part).to(self.device, self.kind)

    def _metered(self) -> AbstractContextManager[None]:
        """Has what the model computes inside metered, where a GPU does."""
        on_gpu = self.device == "cuda"
        return metered_gpu(self.torch.cuda.synchronize) if on_gpu else nullcontext()

    def _in_parts(self, count: int, work: Callable[[slice], list[Result]]) -> list[Result]:
        """What `work` makes of so many windows, of as many at once as memory takes.

        Raises:
            Unavailable: it does not take one.
        """
        done: list[Result] = []
        first = 0
        while first < count:
            at_once = min(count - first, self.at_once or count)
            try:
                with self._metered(), self.torch.inference_mode():
                    done += work(slice(first, first + at_once))
            except self.torch.OutOfMemoryError as error:
                if at_once == 1:
                    raise Unavailable(
                        "the GPU's memory is too small for one window of 30 s, or in use by "
                        "others; a smaller model (VIDPIPE_TRANSCRIPT__TRANSFORMERS__MODEL) fits"
                    ) from error
                self.at_once = at_once // 2
                if self.device == "cuda":
                    self.torch.cuda.empty_cache()
                continue
            first += at_once
        return done
