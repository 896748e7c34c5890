"""Where an asset comes from: links to its code and to the runbook, for every asset alike."""

import inspect
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import dagster as dg

from vidpipe.pipeline.stage import AnyStage
from vidpipe.settings import Settings
from vidpipe.web.documents import documents

_ROOT = Path(__file__).parents[1]
_RUNBOOK = "docs/runbook.md"


def code_of(stage: AnyStage) -> dict[str, Any]:
    """Metadata of a stage's asset: a link to the module that the stage is written in."""
    file, line = inspect.getsourcefile(stage.run), inspect.getsourcelines(stage.run)[1]
    assert file is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        reference = dg.LocalFileCodeReference(file_path=file, line_number=line, label=stage.name)
        linked = dg.CodeReferencesMetadataValue(code_references=[reference])
    return {"dagster/code_references": linked}


def with_sources(
    assets: Sequence[dg.AssetsDefinition | dg.AssetSpec], settings: Settings
) -> Sequence[dg.AssetsDefinition | dg.AssetSpec]:
    """The same assets with links to their code, and to what to do when something is wrong.

    Code is linked on the forge that VIDPIPE_REPOSITORY_URL names, else in the editor of whoever
    looks; the runbook there, else where `vidpipe serve` shows it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        linked = dg.with_source_code_references(list(assets))
        if settings.repository_url:
            linked = dg.link_code_references_to_git(
                assets_defs=linked,
                git_url=settings.repository_url.rstrip("/"),
                git_branch=settings.repository_ref,
                file_path_mapping=dg.AnchorBasedFilePathMapping(
                    local_file_anchor=_ROOT / "definitions.py",
                    file_anchor_path_in_repository="definitions.py",
                ),
                platform="gitlab" if "gitlab" in settings.repository_url else "github",
            )
    # Dagster's functions give back the kinds that they were given, and are typed for more.
    made = cast("Sequence[dg.AssetsDefinition | dg.AssetSpec]", linked)
    runbook = runbook_url(settings)
    if runbook:
        more = {"runbook": dg.MetadataValue.url(runbook)}
        return dg.map_asset_specs(lambda spec: spec.merge_attributes(metadata=more), made)
    return made


def runbook_url(settings: Settings) -> str:
    """Where the runbook can be read in a browser; empty where nowhere."""
    if settings.repository_url:
        return f"{settings.repository_url.rstrip('/')}/blob/{settings.repository_ref}/{_RUNBOOK}"
    if settings.public_url and documents() is not None:
        return f"{settings.public_url.rstrip('/')}/{_RUNBOOK}"
    return ""
