"""Analysis: what is heard and what is seen."""

import dagster as dg

from assets.checks import TRANSCRIPT_CHECKS, transcript_checks
from assets.shell import of_stage, result_of, run
from resources import VidpipeResource, WishesResource
from vidpipe.transcript.model import Transcript


@dg.asset(
    group_name="analysis",
    kinds={"ffmpeg"},
    **of_stage("audio"),
)
def audio(
    context: dg.AssetExecutionContext, vidpipe: VidpipeResource, wishes: WishesResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The sound as 16 kHz mono samples, aligned to the picture. A video without sound has none."""
    return result_of(context, vidpipe.engine, run(context, vidpipe, wishes, "audio"))


@dg.asset(
    group_name="analysis",
    kinds={"onnx"},
    **of_stage("silence_regions"),
)
def silence_regions(
    context: dg.AssetExecutionContext, vidpipe: VidpipeResource, wishes: WishesResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Where a voice is, and where neither a voice nor a sound worth keeping is."""
    return result_of(context, vidpipe.engine, run(context, vidpipe, wishes, "silence_regions"))


@dg.asset(
    group_name="analysis",
    kinds={"opencv"},
    **of_stage("layout"),
)
def layout(
    context: dg.AssetExecutionContext, vidpipe: VidpipeResource, wishes: WishesResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Which part of the picture is the screen and which the camera, from when to when; slides."""
    return result_of(context, vidpipe.engine, run(context, vidpipe, wishes, "layout"))


def transcript_in(pool: str) -> dg.AssetsDefinition:
    """The transcript, whose steps share a pool: `gpu`, or `api` where a server is asked."""

    @dg.asset(
        group_name="analysis",
        kinds={"torch"},
        pool=pool,
        **of_stage("transcript"),
        check_specs=[
            dg.AssetCheckSpec(name, asset="transcript", description=said)
            for name, said in TRANSCRIPT_CHECKS.items()
        ],
    )
    def transcript(
        context: dg.AssetExecutionContext, vidpipe: VidpipeResource, wishes: WishesResource
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """Every word with its time: from the sidecar, else a recogniser; the source is named."""
        result = run(context, vidpipe, wishes, "transcript")
        assert isinstance(result.document, Transcript)
        return result_of(context, vidpipe.engine, result, transcript_checks(result.document))

    return transcript


ASSETS = [audio, silence_regions, layout]
