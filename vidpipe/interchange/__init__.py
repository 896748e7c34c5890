"""Clips as other editors read them: EDL, OpenTimelineIO, Final Cut Pro 7 XML, markers.

Belongs here: timecode and the forms. Does not belong here: which clips there are.
"""
