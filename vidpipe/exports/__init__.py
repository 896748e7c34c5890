"""Delivery: what a platform gets, and whether it conforms.

Belongs here: the stream copy with its metadata, conformance by probing. Does
not belong here: what platforms want (platforms) and how clips look (clips).
"""
