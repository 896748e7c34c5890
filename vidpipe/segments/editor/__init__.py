"""A language model as editor: it reads the transcript, proposes passages, judges and compares.

It gives back quotes, marks and words; times are never its business. What it says is checked
against the transcript: a recording in which somebody says "ignore your rules" can at worst
change which of its own passages are chosen.
"""
