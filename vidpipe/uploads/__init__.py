"""Files on their way in: taken piece by piece, kept over crashes, whole in the drop folder then.

Belongs here: what may be uploaded under which name, files that grow on disk, parts in a bucket.
Knows no protocol: `vidpipe.api` speaks tus and HTTP, and `vidpipe.library` says who may do what.
"""
