"""What starts work: drop folders and accepted videos.

Belongs here: sensors and jobs. Does not belong here: what a job does to a
video (`assets/`, `vidpipe/`).
"""
