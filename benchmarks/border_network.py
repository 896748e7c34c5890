"""The network that reads where clips begin and end: how it is learnt, and how well it reads.

    python -m benchmarks.border_network [--fit]

Without `--fit` the network that is kept reads the recordings that it was not fitted to; printed is
the same as by `benchmarks.sentences` of the tables, for `build` of the fifth that is left out
(`left_out` in `benchmarks/real/choice.yaml`).

With `--fit` it is learnt anew, from the other recordings of `build`, and kept in
`vidpipe/segments/borders/borders_en.onnx`: some 40 minutes of two cores. It takes PyTorch and what
writes graphs (`pip install torch onnx onnxscript`); nothing of vidpipe's own does. MiniLM stays as
it is, but for low-rank changes of its matrices (LoRA: Hu et al. 2021, "LoRA: Low-Rank Adaptation
of Large Language Models") and the scales of its layers; three outputs are read at the first token
of a sentence and at the mark behind it: may a clip begin with it, end with it, and is it within a
passage that readers would post. They learn what both readers said on average: of a sentence that
is fine 0.75, of one that is gripping 1, of a passage a tenth of its mark.

The graph refers to MiniLM's matrices by their place in its file, so that what is kept here is only
what was learnt, as half-precision numbers.
"""

from __future__ import annotations

import argparse
import json
import math
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lectures import Said
from benchmarks.recordings import heard, named, said_in
from benchmarks.sentences import (
    KINDS,
    READERS,
    UNMARKED,
    agreement,
    read_passages,
    said_of,
    written,
)
from vidpipe.content.model import Unit
from vidpipe.segments.borders import network as border_network
from vidpipe.segments.borders.model import Border
from vidpipe.segments.borders.network import (
    BASE,
    BorderNetwork,
    SentenceWindow,
    said_to,
    windows_of,
)
from vidpipe.settings import load_settings
from vidpipe.timeline import span

_LISTS = ("build", "held_out", "fresh")
_RANK, _EPOCHS, _RATE, _BATCH = 16, 2.5, 1e-3, 8
_WARM_UP, _DECAY, _DROPPED, _CLIPPED = 0.06, 0.01, 0.1, 1.0
#: What the outputs count in what is learnt.
_WEIGHTS = (1.5, 1.0, 0.5)
_FINE = {0: 0.0, 1: 0.75, 2: 1.0}
#: A sentence is learnt from where so many tokens stand before it and after it, or where most do.
_BEFORE, _AFTER = 48, 32
_HEADS, _WIDTH, _LAYERS = 12, 384, 6
#: Numbers of so many bytes and more are MiniLM's own.
_LARGE = 1024

Array = NDArray[np.float64]


def targets_of(name: str, units: Sequence[Unit]) -> Array:
    """What the network is to say of each sentence, shape (sentences, 3): 0 to 1."""
    said = said_of(name)
    passages = [
        [(span(a, b), mark) for a, b, mark in read_passages(name, reader)] for reader in READERS
    ]
    found = []
    for unit in units:
        marks = said.get(written(unit), UNMARKED)
        middle = (unit.start_s + unit.end_s) / 2
        worth = [
            max((m for p, m in of if p.start_s <= middle <= p.end_s), default=0.0)
            for of in passages
        ]
        borders = [np.mean([_FINE[m[k]] for m in marks]) for k in range(len(KINDS))]
        found.append((*borders, float(np.mean(worth)) / 10.0))
    return np.array(found).reshape(-1, 3)


def left_out(names: Sequence[str]) -> list[str]:
    """Those of `build` that the network is not fitted to: a fifth, for what is fitted to its
    values; listed, so that they stay the same whichever texts are here."""
    return [name for name in named("left_out") if name in names]


def the_network() -> BorderNetwork:
    """The one that is kept, with MiniLM from the registry of models."""
    return BorderNetwork("en", load_settings().model_store.needed(BASE))


def borders_read(column: str, network: BorderNetwork | None = None) -> dict[str, list[Border]]:
    """By recording, what the network that is given or kept reads; of `build` those that it was not
    fitted to."""
    network, said = network or the_network(), said_in(column)
    names = left_out(list(said)) if column == "build" else list(said)
    return {name: network.of(heard(said[name])[2].units) for name in names}


def report() -> Iterator[str]:
    """How well it reads what it was not fitted to."""
    for column in _LISTS:
        said, values, texts = [], [], said_in(column)
        for name, found in borders_read(column).items():
            marks = said_of(name)
            units = heard(texts[name])[2].units
            said += [marks.get(written(u), UNMARKED) for u in units]
            values += [(b.opens, b.ends) for b in found]
        if not said:
            continue
        for k, kind in enumerate(KINDS):
            of_kind = np.array(said)[:, :, k]
            yield f"{column:8} {kind:5} {agreement(of_kind, np.array(values)[:, k])}"


class _Learner:
    """MiniLM with low-rank changes, in PyTorch; named as its file names it."""

    def __init__(self, folder: Path) -> None:
        import torch

        self.torch = torch
        torch.manual_seed(0)
        self.file = (folder / "model.safetensors").read_bytes()
        (length,) = struct.unpack("<Q", self.file[:8])
        self.begins = 8 + length
        self.places = json.loads(self.file[8 : self.begins])
        self.module = self._module()

    def weight(self, name: str) -> Any:
        """A matrix or vector of MiniLM's file."""
        place = self.places[name]
        first, last = (self.begins + at for at in place["data_offsets"])
        values = np.frombuffer(self.file[first:last], np.float32).reshape(place["shape"])
        return self.torch.from_numpy(values.copy())

    def _module(self) -> Any:
        torch, nn = self.torch, self.torch.nn
        functional, weight = nn.functional, self.weight

        class Changed(nn.Module):
            def __init__(self, name: str) -> None:
                super().__init__()
                matrix = weight(f"{name}.weight")
                self.w = nn.Parameter(matrix, requires_grad=False)
                self.b = nn.Parameter(weight(f"{name}.bias"), requires_grad=False)
                out, width = matrix.shape
                self.A = nn.Parameter(torch.randn(_RANK, width) / math.sqrt(width))
                self.B = nn.Parameter(torch.zeros(out, _RANK))

            def forward(self, x: Any) -> Any:
                change = functional.linear(functional.linear(x, self.A), self.B)
                return functional.linear(x, self.w, self.b) + change

        def scaled(name: str) -> Any:
            layer = nn.LayerNorm(_WIDTH, 1e-12)
            layer.weight.data.copy_(weight(f"{name}.weight"))
            layer.bias.data.copy_(weight(f"{name}.bias"))
            return layer

        def block(at: str) -> Any:
            return nn.ModuleDict(
                {
                    "q": Changed(f"{at}.attention.self.query"),
                    "k": Changed(f"{at}.attention.self.key"),
                    "v": Changed(f"{at}.attention.self.value"),
                    "o": Changed(f"{at}.attention.output.dense"),
                    "l1": scaled(f"{at}.attention.output.LayerNorm"),
                    "i": Changed(f"{at}.intermediate.dense"),
                    "d": Changed(f"{at}.output.dense"),
                    "l2": scaled(f"{at}.output.LayerNorm"),
                }
            )

        class Reader(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                for name, part in (("emb", "word"), ("pos", "position"), ("typ", "token_type")):
                    values = weight(f"embeddings.{part}_embeddings.weight")
                    setattr(self, name, nn.Parameter(values, requires_grad=False))
                self.ln = scaled("embeddings.LayerNorm")
                self.L = nn.ModuleList(block(f"encoder.layer.{i}") for i in range(_LAYERS))
                self.drop = nn.Dropout(_DROPPED)
                self.head = nn.Linear(2 * _WIDTH, 3)
                nn.init.normal_(self.head.weight, std=0.02)

            def hidden(self, ids: Any, known: Any) -> Any:
                count, length = ids.shape
                x = self.drop(self.ln(self.emb[ids] + self.pos[:length] + self.typ[0]))
                for m in self.L:
                    q, k, v = (
                        m[name](x).view(count, length, _HEADS, -1).transpose(1, 2) for name in "qkv"
                    )
                    met = q @ k.transpose(-1, -2) / math.sqrt(_WIDTH // _HEADS)
                    if known is not None:
                        met = met.masked_fill(~known[:, None, None, :], -1e9)
                    y = (torch.softmax(met, -1) @ v).transpose(1, 2).reshape(count, length, _WIDTH)
                    x = m["l1"](x + self.drop(m["o"](y)))
                    x = m["l2"](x + self.drop(m["d"](functional.gelu(m["i"](x)))))
                return x

            def forward(self, ids: Any) -> Any:
                """What the graph does: both parts of the outputs at every token."""
                x = self.hidden(ids, None)
                first, last = self.head.weight.split(_WIDTH, 1)
                return functional.linear(x, first, self.head.bias), functional.linear(x, last)

        return Reader()

    def learn(self, said: dict[str, list[Said]], tokens: Any) -> None:
        """From all recordings but those left out."""
        torch, module = self.torch, self.module
        aside = set(left_out(list(said)))
        read = []
        for name, sentences in said.items():
            units = heard(sentences)[2].units
            if name not in aside:
                read.append(([tokens(said_to(u)) for u in units], targets_of(name, units)))
        wanted = np.concatenate([t for _, t in read]).mean(axis=0)
        module.head.bias.data.copy_(torch.tensor(np.log(wanted / (1 - wanted))))
        learnt = [p for p in module.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(learnt, lr=_RATE, weight_decay=_DECAY)
        rng = np.random.default_rng(0)
        steps, step, epoch = 0, 0, 0
        while not steps or step < steps:
            # Each time the windows begin elsewhere, so that sentences have others around them.
            windows = [
                (window, targets)
                for sentences, targets in read
                for window in windows_of(sentences, epoch and int(rng.integers(2, 8)))
            ]
            steps = steps or int(_EPOCHS * (len(windows) // _BATCH))
            epoch += 1
            order = rng.permutation(len(windows))
            for at in range(0, len(order) - _BATCH + 1, _BATCH):
                if step >= steps:
                    break
                rate = min(1.0, step / (_WARM_UP * steps + 1)) * (1.0 - step / steps)
                optimiser.param_groups[0]["lr"] = _RATE * rate
                loss = self._loss([windows[k] for k in order[at : at + _BATCH]])
                loss.backward()
                torch.nn.utils.clip_grad_norm_(learnt, _CLIPPED)
                optimiser.step()
                optimiser.zero_grad()
                step += 1
                if step % 50 == 0:
                    print(f"{step} of {steps}: {float(loss):.3f}", flush=True)

    def _loss(self, batch: Sequence[tuple[SentenceWindow, Array]]) -> Any:
        torch = self.torch
        length = max(len(window.tokens) for window, _ in batch)
        ids = torch.zeros(len(batch), length, dtype=torch.long)
        firsts, lasts, wanted = [], [], []
        for k, (window, targets) in enumerate(batch):
            ids[k, : len(window.tokens)] = torch.tensor(window.tokens)
            for place in window.places:
                after = len(window.tokens) - place.last
                if place.sentence in window.best or (place.first >= _BEFORE and after >= _AFTER):
                    firsts.append((k, place.first))
                    lasts.append((k, place.last))
                    wanted.append(targets[place.sentence])
        self.module.train()
        x = self.module.hidden(ids, ids > 0)
        read = torch.cat([x[tuple(zip(*places, strict=True))] for places in (firsts, lasts)], 1)
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            self.module.head(read), torch.tensor(np.array(wanted), dtype=torch.float32),
            reduction="none",
        )  # fmt: skip
        return (losses.mean(0) * torch.tensor(_WEIGHTS)).sum()

    def standardise(self, values: Array) -> None:
        """Makes outputs of a mean of 0 and a spread of 1 of those over sentences given."""
        middle, spread = (
            self.torch.tensor(v, dtype=self.torch.float32)
            for v in (values.mean(axis=0), values.std(axis=0))
        )
        head = self.module.head
        head.weight.data /= spread[:, None]
        head.bias.data.copy_((head.bias.data - middle) / spread)

    def graph(self) -> bytes:
        """ONNX: `ids` (1, tokens) to `first` and `last`, each (1, tokens, 3)."""
        import onnx

        self.module.eval()
        ids = self.torch.randint(1000, 20000, (1, 64))
        length = self.torch.export.Dim("tokens", min=8, max=border_network.WINDOW)
        made = self.torch.onnx.export(
            self.module,
            (ids,),
            dynamo=True,
            dynamic_shapes=({1: length},),
            input_names=["ids"],
            output_names=["first", "last"],
            external_data=False,
        )
        model = made.model_proto
        onnx.checker.check_model(model)
        self._refer(model.graph, onnx)
        del model.metadata_props[:]
        for node in model.graph.node:
            node.doc_string = ""
            del node.metadata_props[:]
        del model.graph.value_info[:]
        return bytes(model.SerializeToString())

    def _refer(self, graph: Any, onnx: Any) -> None:
        """MiniLM's numbers by their place in its file; what was learnt in half precision."""
        own = {}
        for name, place in self.places.items():
            if name != "__metadata__":
                first, last = (self.begins + at for at in place["data_offsets"])
                own[self.file[first:last]] = (first, last - first, place["shape"])
        nodes = []
        for tensor in list(graph.initializer):
            values = onnx.numpy_helper.to_array(tensor)
            if values.nbytes < _LARGE or values.dtype != np.float32:
                continue
            turned = np.ascontiguousarray(values.T)
            if values.tobytes() in own:
                _place(tensor, own[values.tobytes()], onnx)
            elif turned.tobytes() in own:
                name = tensor.name
                tensor.name = f"{name}_turned"
                _place(tensor, own[turned.tobytes()], onnx)
                nodes.append(onnx.helper.make_node("Transpose", [tensor.name], [name]))
            else:
                name = tensor.name
                half = onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_half")
                tensor.CopyFrom(half)
                nodes.append(onnx.helper.make_node("Cast", [half.name], [name], to=1))
        for node in reversed(nodes):
            graph.node.insert(0, node)


def _place(tensor: Any, place: tuple[int, int, Sequence[int]], onnx: Any) -> None:
    first, size, shape = place
    del tensor.dims[:]
    tensor.dims.extend(shape)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "model.safetensors"), ("offset", first), ("length", size)):
        tensor.external_data.add(key=key, value=str(value))


def fit() -> None:
    """Learns the network and keeps its graph.

    Raises:
        SystemExit: texts of `build` are missing: what is learnt of a part is another network.
    """
    said = said_in("build")
    if missing := [name for name in named("build") if name not in said]:
        raise SystemExit(f"VIDPIPE_MORE_MEDIA/talks lacks {len(missing)} texts: {missing[0]} ...")
    weights = load_settings().model_store.needed(BASE)
    tokenizer = border_network.tokenizer_in(weights.folder())
    learner = _Learner(weights.folder())
    learner.learn(said, lambda text: tokenizer.encode(text, add_special_tokens=False).ids)
    # What is usual is told by the recordings left out: of the others it knows too much.
    read = borders_read("build", BorderNetwork("en", weights, learner.graph()))
    learner.standardise(
        np.array([(b.opens, b.ends, b.worth) for found in read.values() for b in found])
    )
    path = Path(border_network.__file__).parent / "borders_en.onnx"
    made = path.with_suffix(".part")
    made.write_bytes(learner.graph())
    made.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="learn the network anew")
    if parser.parse_args().fit:
        fit()
    for line in report():
        print(line, flush=True)


if __name__ == "__main__":
    main()
