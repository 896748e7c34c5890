"""For chosen segments only: dense face tracks and camera paths.

Belongs here: where the face is at each moment of a clip and how a crop follows
it. Does not belong here: which regions there are (layout).
"""
