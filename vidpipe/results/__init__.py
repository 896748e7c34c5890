"""What a person gets in a folder: clips by platform, and `results.json`.

Belongs here: the type of `results.json` and writing into somebody's folder.
Does not belong here: making anything that is not made yet.
"""
