"""Tables as Parquet with a declared schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class TableColumn:
    """A column of a table.

    Attributes:
        name: as it is queried.
        type: as Arrow calls it; of lists and maps in the form `list<string>`.
        nullable: whether a row may be without it.
        unit: of its numbers, in the file beside it.
    """

    name: str
    type: str
    nullable: bool = False
    unit: str | None = None


TableSchema = tuple[TableColumn, ...]

#: Level of the recording over time.
LEVELS: TableSchema = (
    TableColumn("t_s", "float32", nullable=True, unit="s"),
    TableColumn("level_db", "float32", nullable=True, unit="dBFS"),
)
#: Words of a transcript.
WORDS: TableSchema = (
    TableColumn("text", "string"),
    TableColumn("start_s", "float64"),
    TableColumn("end_s", "float64"),
    TableColumn("confidence", "float32", nullable=True),
    TableColumn("sentence", "int32"),
)
#: Units of content with their signs.
UNITS: TableSchema = (
    TableColumn("start_s", "float64"),
    TableColumn("end_s", "float64"),
    TableColumn("text", "string"),
    TableColumn("topic", "int32"),
    TableColumn("importance", "float32"),
    TableColumn("signs", "map<string, float>"),
)
#: Chosen segments.
SEGMENTS: TableSchema = (
    TableColumn("rank", "int32"),
    TableColumn("start_s", "float64"),
    TableColumn("end_s", "float64"),
    TableColumn("kept_s", "float64"),
    TableColumn("score", "float32"),
    TableColumn("title", "string"),
    TableColumn("topic", "string"),
    TableColumn("reasons", "list<string>"),
)
#: Shots.
SHOTS: TableSchema = (
    TableColumn("start_s", "float64"),
    TableColumn("end_s", "float64"),
    TableColumn("begins", "string"),
)
#: Slides.
SLIDES: TableSchema = (
    TableColumn("start_s", "float64"),
    TableColumn("end_s", "float64"),
    TableColumn("frame_s", "float64"),
    TableColumn("builds_s", "list<double>"),
    TableColumn("title", "string"),
    TableColumn("text", "list<string>"),
)
#: Regions of a layout over time.
REGIONS: TableSchema = (
    TableColumn("start_s", "float64"),
    TableColumn("end_s", "float64"),
    TableColumn("layout", "string"),
    TableColumn("role", "string"),
    TableColumn("x", "int32"),
    TableColumn("y", "int32"),
    TableColumn("width", "int32"),
    TableColumn("height", "int32"),
    TableColumn("faces", "int32"),
    TableColumn("confidence", "float32"),
)


def write_rows(path: Path, schema: TableSchema, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows that fit `schema`; a row that does not raises."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.Table.from_pylist([dict(r) for r in rows], schema=_arrow(schema))
    pq.write_table(made, path)


def write_columns(path: Path, schema: TableSchema, columns: Mapping[str, Any]) -> None:
    """Write columns (arrays) that fit `schema`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = _arrow(schema)
    arrays = [pa.array(columns[f.name], type=f.type) for f in fields]
    pq.write_table(pa.Table.from_arrays(arrays, schema=fields), path)


def read_column(path: Path, name: str) -> Any:
    """One column as a numpy array."""
    import pyarrow.parquet as pq

    return pq.read_table(path, columns=[name]).column(name).to_numpy()


def _arrow(schema: TableSchema) -> pa.Schema:
    """A schema for pyarrow: 30 MiB that only steps load, as only they write tables."""
    import pyarrow as pa

    nested = {
        "list<string>": pa.list_(pa.string()),
        "list<double>": pa.list_(pa.float64()),
        "map<string, float>": pa.map_(pa.string(), pa.float32()),
    }
    return pa.schema(
        [
            pa.field(
                column.name,
                nested.get(column.type) or pa.type_for_alias(column.type),
                nullable=column.nullable,
                metadata={"unit": column.unit} if column.unit is not None else None,
            )
            for column in schema
        ]
    )
