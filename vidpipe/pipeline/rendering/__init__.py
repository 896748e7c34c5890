"""Clips made: planned, encoded once for all their shapes, looked at, kept."""
