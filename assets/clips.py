"""Clips: every chosen segment, rendered."""

import dagster as dg

from assets.checks import clips_look_right, duration_and_sync
from assets.shell import of_stage, result_of, run
from resources import VidpipeResource, WishesResource
from vidpipe.clips.model import RenderedClips


@dg.asset(
    group_name="clips",
    kinds={"ffmpeg"},
    pool="encode",
    **of_stage("rendered_clips"),
    check_specs=[
        dg.AssetCheckSpec(
            "duration_and_sync",
            asset="rendered_clips",
            blocking=True,
            description="Clips are as long as planned, picture and sound equally long.",
        ),
        dg.AssetCheckSpec(
            "clips_look_right",
            asset="rendered_clips",
            description="No clip is black, stands still or shows something else where its "
            "source does not, captions keep to the safe box, nobody is cut off, every clip could "
            "be made.",
        ),
    ],
)
def rendered_clips(
    context: dg.AssetExecutionContext, vidpipe: VidpipeResource, wishes: WishesResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Finished clips: composed, captioned, at the channel's loudness. One encode per shape."""
    result = run(context, vidpipe, wishes, "rendered_clips")
    document = result.document
    assert isinstance(document, RenderedClips)
    return result_of(
        context, vidpipe.engine, result, [duration_and_sync(document), clips_look_right(document)]
    )


ASSETS = [rendered_clips]
