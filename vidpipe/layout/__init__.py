"""Shots, slides, screen and camera regions over time, from a sparse decode.

Belongs here: what the picture shows where and when. Does not belong here:
dense face tracks and crops (framing), how regions are arranged (clips).
"""
