"""Topics and importance.

Belongs here: what is talked about when, and how much each unit matters, with
the signs that say so. Does not belong here: where a clip starts and ends
(segments).
"""
