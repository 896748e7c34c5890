"""Reading and writing audio and video.

Belongs here: running ffmpeg, probing, decoding samples and frames, loudness.
Does not belong here: what a stage decides from them.
"""
