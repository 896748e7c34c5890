"""The stages as data, and running one: fingerprint, reuse, publish, record.

Belongs here: what all stages need, and how each one's inputs and outputs lie in
the store. Does not belong here: what a stage computes (its own room), and when
it runs (assets, the command line).
"""

from vidpipe.pipeline.engine import Engine, StageResult
from vidpipe.pipeline.stage import Order
from vidpipe.pipeline.stages import STAGES, stage, stage_names

__all__ = ["STAGES", "Engine", "Order", "StageResult", "stage", "stage_names"]
