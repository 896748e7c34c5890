"""Composition, captions, rendering, quality measures: what people see.

Belongs here: from a segment to a finished picture and sound in one variant.
Does not belong here: what a platform wants of the file (exports, platforms).
"""
