"""Keeping many videos going: whose turn it is, what failed, what may be removed, who is told.

Belongs here: decisions over many videos and what they rest on, as plain functions over
the catalog and the store. Does not belong here: when they are asked (sensors), and what
is done to a single video (pipeline).
"""
