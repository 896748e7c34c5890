"""Content: what is talked about, and the moments worth watching."""

import dagster as dg

from assets.checks import editor_answered, segments_do_not_overlap
from assets.shell import of_stage, result_of, run
from resources import VidpipeResource, WishesResource
from vidpipe.segments.model import Segments


@dg.asset(
    group_name="content",
    kinds={"scikitlearn"},
    **of_stage("topics"),
)
def topics(
    context: dg.AssetExecutionContext, vidpipe: VidpipeResource, wishes: WishesResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Topics with titles, and how much each sentence matters, with the signs that say so."""
    return result_of(context, vidpipe.engine, run(context, vidpipe, wishes, "topics"))


@dg.asset(
    group_name="content",
    kinds={"python"},
    pool="api",
    **of_stage("scored_segments"),
    check_specs=[
        dg.AssetCheckSpec(
            "segments_do_not_overlap",
            asset="scored_segments",
            blocking=True,
            description="No second of the source is in two segments.",
        ),
        dg.AssetCheckSpec(
            "editor_answered",
            asset="scored_segments",
            description="Where a language model is configured, its word counted.",
        ),
    ],
)
def scored_segments(
    context: dg.AssetExecutionContext, vidpipe: VidpipeResource, wishes: WishesResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The moments worth watching: ranked, at sentence borders, with scores and reasons."""
    result = run(context, vidpipe, wishes, "scored_segments")
    document = result.document
    assert isinstance(document, Segments)
    checks = [segments_do_not_overlap(document), editor_answered(document)]
    return result_of(context, vidpipe.engine, result, checks)


ASSETS = [topics, scored_segments]
