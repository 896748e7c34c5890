"""Edits: what people decided of a video and its clips, as one versioned document.

Belongs here: the document and its parts, changing, merging and comparing it. Does not belong
here: what becomes of a clip by it (`vidpipe.clips.edited`), where it is kept
(`vidpipe.catalog.edits`).
"""
