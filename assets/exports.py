"""Exports: each clip as each platform wants it."""

from collections.abc import Iterator

import dagster as dg

from assets.checks import export_conforms
from assets.partitions import videos
from assets.shell import OWNERS, StageConfig, result_of, run, version_of
from resources import VidpipeResource
from vidpipe.exports.model import PlatformExports
from vidpipe.platforms import load_presets


def _key(platform: str) -> dg.AssetKey:
    return dg.AssetKey(["platform_exports", platform])


@dg.multi_asset(
    name="platform_exports",
    specs=[
        dg.AssetSpec(
            _key(name),
            deps=["rendered_clips"],
            group_name="exports",
            kinds={"ffmpeg"},
            owners=OWNERS,
            description=f"Clips as {item.title} wants them: {item.size.width}x{item.size.height} "
            f"{item.container}, {item.min_duration_s:g} to {item.max_duration_s:g} s.",
            skippable=True,
            code_version=version_of(f"platform_exports/{name}"),
            partitions_def=videos,
        )
        for name, item in load_presets().items()
    ],
    check_specs=[
        dg.AssetCheckSpec(
            "conforms",
            asset=_key(name),
            description=f"Every file keeps to every rule of {item.title}.",
        )
        for name, item in load_presets().items()
    ],
    partitions_def=videos,
    can_subset=True,
    pool="encode",
)
def platform_exports(
    context: dg.AssetExecutionContext, config: StageConfig, vidpipe: VidpipeResource
) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Stream copies of the clips with each platform's metadata, measured against its rules.

    Platforms that the channel does not use are left out, unless they are
    selected by name.
    """
    engine = vidpipe.engine
    wanted = engine.order(context.partition_key).wanted_platforms
    selected = [p for p in load_presets() if _key(p) in context.selected_asset_keys]
    explicit = len(selected) < len(load_presets())
    for platform in selected:
        if platform not in wanted and not explicit:
            continue
        result = run(context, vidpipe, f"platform_exports/{platform}", config)
        document = result.document
        assert isinstance(document, PlatformExports)
        key = _key(platform)
        yield result_of(engine, result, [export_conforms(document, key)], key)


ASSETS = [platform_exports]
