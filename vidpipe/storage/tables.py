"""Tables as Parquet with a declared schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

#: Level of the recording over time.
LEVELS = pa.schema(
    [
        pa.field("t_s", pa.float32(), metadata={"unit": "s"}),
        pa.field("level_db", pa.float32(), metadata={"unit": "dBFS"}),
    ]
)
#: Words of a transcript.
WORDS = pa.schema(
    [
        pa.field("text", pa.string(), nullable=False),
        pa.field("start_s", pa.float64(), nullable=False),
        pa.field("end_s", pa.float64(), nullable=False),
        pa.field("confidence", pa.float32()),
        pa.field("sentence", pa.int32(), nullable=False),
    ]
)
#: Units of content with their signs.
UNITS = pa.schema(
    [
        pa.field("start_s", pa.float64(), nullable=False),
        pa.field("end_s", pa.float64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("topic", pa.int32(), nullable=False),
        pa.field("importance", pa.float32(), nullable=False),
        pa.field("signs", pa.map_(pa.string(), pa.float32()), nullable=False),
    ]
)
#: Chosen segments.
SEGMENTS = pa.schema(
    [
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("start_s", pa.float64(), nullable=False),
        pa.field("end_s", pa.float64(), nullable=False),
        pa.field("kept_s", pa.float64(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
    ]
)
#: Shots.
SHOTS = pa.schema(
    [
        pa.field("start_s", pa.float64(), nullable=False),
        pa.field("end_s", pa.float64(), nullable=False),
        pa.field("begins", pa.string(), nullable=False),
    ]
)
#: Slides.
SLIDES = pa.schema(
    [
        pa.field("start_s", pa.float64(), nullable=False),
        pa.field("end_s", pa.float64(), nullable=False),
        pa.field("frame_s", pa.float64(), nullable=False),
        pa.field("builds_s", pa.list_(pa.float64()), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("text", pa.list_(pa.string()), nullable=False),
    ]
)
#: Regions of a layout over time.
REGIONS = pa.schema(
    [
        pa.field("start_s", pa.float64(), nullable=False),
        pa.field("end_s", pa.float64(), nullable=False),
        pa.field("layout", pa.string(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("x", pa.int32(), nullable=False),
        pa.field("y", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("faces", pa.int32(), nullable=False),
        pa.field("confidence", pa.float32(), nullable=False),
    ]
)


def write_rows(path: Path, schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows that fit `schema`; a row that does not raises."""
    pq.write_table(pa.Table.from_pylist([dict(r) for r in rows], schema=schema), path)


def write_columns(path: Path, schema: pa.Schema, columns: Mapping[str, Any]) -> None:
    """Write columns (arrays) that fit `schema`."""
    arrays = [pa.array(columns[f.name], type=f.type) for f in schema]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)


def read_column(path: Path, name: str) -> Any:
    """One column as a numpy array."""
    return pq.read_table(path, columns=[name]).column(name).to_numpy()
