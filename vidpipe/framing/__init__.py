"""For chosen segments only: dense face tracks, who speaks, and camera paths.

Belongs here: where the faces are at each moment of a clip, whom the picture follows and
how a crop does so. Does not belong here: which regions there are (layout).
"""
