"""From an uploaded object to an accepted video.

Belongs here: listing drop folders, what is new in them, identity, rules, quarantine,
sidecars. Does not belong here: when to list (sensors), and anything done to the picture
or the sound.
"""
