"""What starts work, and what watches over it.

Belongs here: sensors, schedules, jobs, and the order of the queue. Does not belong here:
what a job does to a video (`assets/`, `vidpipe/`), and how it is decided what comes next
or is tried again (`vidpipe/operations/`).
"""

import warnings

from vidpipe.extras import from_extra

with from_extra("dagster"):
    import dagster as dg

# Dagster's own decorator passes a beta parameter and warns of it at every load.
warnings.filterwarnings(
    "ignore", message="Parameter `owners` of initializer `SensorDefinition", category=dg.BetaWarning
)
