"""Speech to timed words.

Belongs here: recognisers, the choice among them, sentences, subtitles as text.
Does not belong here: where speech is (silence) and how captions look (clips).
"""
