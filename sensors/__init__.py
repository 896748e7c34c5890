"""What starts work: drop folders and accepted videos.

Belongs here: sensors and jobs. Does not belong here: what a job does to a
video (`assets/`, `vidpipe/`).
"""

import warnings

import dagster as dg

# Dagster's own decorator passes a beta parameter and warns of it at every load.
warnings.filterwarnings(
    "ignore", message="Parameter `owners` of initializer `SensorDefinition", category=dg.BetaWarning
)
