"""Speech activity, and where nothing is said.

Belongs here: where a voice is, where neither a voice nor a sound worth keeping
is, and the level over time. Does not belong here: words (transcript).
"""
