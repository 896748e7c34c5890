"""The stages of a talk, one module each: from stored inputs to a room's function and back.

Belongs here: a stage's name, version, options and identity, and how its inputs and outputs
lie in the store. Does not belong here: what it computes (its own room), and what several
stages need (`vidpipe.pipeline`).
"""
