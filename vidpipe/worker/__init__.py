"""Background chores of the service: what is due is worked off, again and again.

Belongs here: when a chore is run, what happens when it fails, how it is ended. Does not belong
here: what chores do, and which there are (`vidpipe.library.chores`).
"""

from vidpipe.worker.chores import Chore, Worker, stopping

__all__ = ["Chore", "Worker", "stopping"]
