"""What a browser is shown: the clips of a video to watch, and links that do not expire.

Belongs here: pages and the way to stored files. Does not belong here: what the Dagster UI
shows (`assets/`), and everything that changes anything: these pages only read.
"""

from vidpipe.web.server import web_app

__all__ = ["web_app"]
