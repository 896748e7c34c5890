"""What is known of languages, as data, and what can be told of a sentence by it.

Belongs here: cue phrases by kind, words of closed classes, what in a text they say. Does
not belong here: how letters are written (orthography), what a recording is about (content).
"""
