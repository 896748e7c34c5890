"""Candidates, scores, choice, boundaries.

Belongs here: which stretches become clips, and why; what they are called (`titles`). Does not
belong here: how much a sentence matters (content) and what a clip looks like (clips).
"""
