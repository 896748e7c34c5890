"""From an uploaded object to an accepted video.

Belongs here: identity, rules, quarantine, sidecars. Does not belong here:
listing drop folders (sensors), and anything done to the picture or the sound.
"""
