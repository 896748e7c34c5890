"""Estimates: between what they are, and those that are told anew while the work goes on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_INDEX = "uq_cost_estimates_result"
_COLUMNS = (
    ("low", sa.BigInteger()),
    ("high", sa.BigInteger()),
    ("after", sa.String(64)),
    ("result", sa.String(64)),
    ("spent", sa.BigInteger()),
    ("passages", sa.Integer()),
    ("passage_s", sa.Float()),
)


def upgrade() -> None:
    """Add the columns, and that each result renews an estimate once."""
    for name, kind in _COLUMNS:
        op.add_column("cost_estimates", sa.Column(name, kind, nullable=True))
    op.create_index(_INDEX, "cost_estimates", ["job_id", "after", "result"], unique=True)


def downgrade() -> None:
    """Drop them; estimates that were told anew would be taken for first ones."""
    op.execute("DELETE FROM cost_estimates WHERE after IS NOT NULL")
    op.drop_index(_INDEX, "cost_estimates")
    for name, _ in reversed(_COLUMNS):
        op.drop_column("cost_estimates", name)
