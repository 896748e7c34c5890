"""The pipeline of talks: from a recording to clips as platforms want them."""

from __future__ import annotations

from vidpipe.pipeline.pipeline import Pipeline
from vidpipe.pipeline.steps.audio import AUDIO
from vidpipe.pipeline.steps.clips import CLIPS
from vidpipe.pipeline.steps.exports import EXPORTS
from vidpipe.pipeline.steps.layout import LAYOUT
from vidpipe.pipeline.steps.segments import SEGMENTS
from vidpipe.pipeline.steps.silence import SILENCE
from vidpipe.pipeline.steps.source import SOURCE
from vidpipe.pipeline.steps.topics import TOPICS
from vidpipe.pipeline.steps.transcript import TRANSCRIPT

TALKS = Pipeline(
    stages=(SOURCE, AUDIO, SILENCE, TRANSCRIPT, LAYOUT, TOPICS, SEGMENTS, CLIPS),
    per_platform=(EXPORTS,),
)
