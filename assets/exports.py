"""Exports: each clip as each platform wants it."""

from collections.abc import Iterator, Mapping

import dagster as dg

from assets.checks import export_conforms
from assets.partitions import videos
from assets.sources import code_of
from assets.step import OWNERS, result_of, run, translated
from resources.run_options import RunOptionsResource
from resources.vidpipe_resource import VidpipeResource
from vidpipe.exports.model import PlatformExports
from vidpipe.pipeline.steps.exports import EXPORTS
from vidpipe.platforms import Preset

#: The stages of platforms, and what their assets begin with.
_FAMILY = EXPORTS.name


def _key(platform: str) -> dg.AssetKey:
    return dg.AssetKey([_FAMILY, platform])


def _description(item: Preset) -> str:
    shape = "sound alone"
    if item.video is not None:
        shape = f"{item.video.size.width}x{item.video.size.height}"
    lengths = f"{item.file.min_duration_s:g} to {item.file.max_duration_s:g} s"
    return f"Clips as {item.title} wants them: {shape}, {item.file.container}, {lengths}."


def exports_for(presets: Mapping[str, Preset]) -> dg.AssetsDefinition:
    """One asset per platform, made in one step."""

    @dg.multi_asset(
        name=_FAMILY,
        specs=[
            dg.AssetSpec(
                _key(name),
                deps=["rendered_clips"],
                group_name="exports",
                kinds={"ffmpeg"},
                owners=OWNERS,
                description=_description(item),
                skippable=True,
                code_version=EXPORTS.of(name).version,
                metadata=code_of(EXPORTS.of(name)),
                partitions_def=videos,
            )
            for name, item in presets.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "conforms",
                asset=_key(name),
                description=f"Every file keeps to every rule of {item.title}; none was refused.",
            )
            for name, item in presets.items()
        ],
        partitions_def=videos,
        can_subset=True,
        pool="encode",
    )
    def platform_exports(
        context: dg.AssetExecutionContext, vidpipe: VidpipeResource, run_options: RunOptionsResource
    ) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        """The clips with each platform's metadata, measured against its rules.

        Copies of their streams; encoded again only to meet a limit. Platforms that the
        channel does not use are left out, unless they are selected by name.
        """
        engine = vidpipe.engine
        with translated(context):
            wanted = engine.order(context.partition_key, run_options.chosen()).wanted_platforms
        selected = [p for p in presets if _key(p) in context.selected_asset_keys]
        explicit = len(selected) < len(presets)
        ordered = sorted(selected, key=lambda name: -presets[name].priority)
        for platform in ordered:
            if platform not in wanted and not explicit:
                continue
            result = run(context, vidpipe, run_options, EXPORTS.of(platform).name)
            document = result.document
            assert isinstance(document, PlatformExports)
            key = _key(platform)
            yield result_of(context, engine, result, [export_conforms(document, key)], key)

    return platform_exports
