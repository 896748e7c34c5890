"""Tests: rooms as in `vidpipe/`, the Dagster layer in `graph/`."""
