"""Objects: local disk, S3, Azure, GCS; keys, manifests, fingerprints.

Belongs here: the one small interface through which every artifact is read and
written. Does not belong here: what the artifacts mean.
"""
