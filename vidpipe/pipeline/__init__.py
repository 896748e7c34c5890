"""The stages as data, and running one: fingerprint, reuse, publish, record.

Belongs here: what all stages need, and how each one's inputs and outputs lie in
the store (`steps`, a module each). Does not belong here: what a stage computes (its own
room), and when it runs (assets, the command line).
"""

from vidpipe.pipeline.engine import Engine, StageResult
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.pipeline import Pipeline
from vidpipe.pipeline.stage import Stage
from vidpipe.pipeline.talks import TALKS

__all__ = ["TALKS", "Engine", "Order", "Pipeline", "Stage", "StageResult"]
