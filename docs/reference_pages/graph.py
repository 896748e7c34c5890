"""The graph in Dagster."""

from __future__ import annotations

import os
import tempfile

from reference_pages.markdown import cell, default_of, doc_of, table_of


def graph() -> str:
    """Assets, checks, jobs, sensors, schedules, the launch form."""
    import dagster as dg

    from definitions import build_defs
    from resources.run_options import RunOptionsResource

    kept = {k: v for k, v in os.environ.items() if k.startswith("VIDPIPE_")}
    with tempfile.TemporaryDirectory() as home:
        for name in kept:
            del os.environ[name]
        os.environ["VIDPIPE_HOME"] = home
        try:
            defs = build_defs()
        finally:
            del os.environ["VIDPIPE_HOME"]
            os.environ.update(kept)
    found = defs.resolve_asset_graph()
    parts = ["# The graph in Dagster\n", "## Assets\n"]
    order = ("ingest", "analysis", "content", "clips", "exports", "operations")
    rows = []
    for key in found.toposorted_asset_keys:
        node = found.get(key)
        after = ", ".join(sorted(k.to_user_string() for k in node.parent_keys))
        rows.append((node.group_name, f"`{key.to_user_string()}`", cell(node.description), after))
    rows.sort(key=lambda row: order.index(row[0]))
    parts.append(table_of(("group", "asset", "", "rests on"), rows) + "\n")
    parts.append("## Checks\n")
    checks: dict[str, tuple[str, ...]] = {}
    for key in sorted(found.asset_check_keys):
        spec = found.get_check_spec(key)
        asset = key.asset_key.to_user_string()
        asset = "platform_exports/…" if asset.startswith("platform_exports") else asset
        said = "Every file keeps to every rule of its platform; none was refused."
        said = said if key.name == "conforms" else cell(spec.description or "")
        stops = "stops the run" if spec.blocking else "warns"
        checks.setdefault(f"{asset}{key.name}", (f"`{asset}`", f"`{key.name}`", said, stops))
    parts.append(table_of(("asset", "check", "", "if it fails"), list(checks.values())) + "\n")
    parts.append("## Jobs\n")
    jobs = [j for j in defs.resolve_all_job_defs() if not j.name.startswith("__")]
    rows = [(f"`{j.name}`", cell(j.description or "")) for j in sorted(jobs, key=lambda j: j.name)]
    parts.append(table_of(("job", ""), rows) + "\n")
    parts.append("## The launch form\n\n" + doc_of(RunOptionsResource) + "\n")
    rows = [
        (f"`{name}`", default_of(f.get_default()), cell(f.description or ""))
        for name, f in RunOptionsResource.model_fields.items()
    ]
    parts.append(table_of(("field", "default", ""), rows) + "\n")
    parts.append("## Sensors\n")
    repository: dg.RepositoryDefinition = defs.get_repository_def()
    rows = [
        (f"`{s.name}`", f"{s.minimum_interval_seconds or 30} s", cell(s.description or ""))
        for s in sorted(repository.sensor_defs, key=lambda s: s.name)
    ]
    parts.append(table_of(("sensor", "every", ""), rows) + "\n")
    parts.append("## Schedules\n")
    rows = [
        (f"`{s.name}`", f"`{s.cron_schedule}`", cell(s.description or ""))
        for s in sorted(repository.schedule_defs, key=lambda s: s.name)
    ]
    parts.append(table_of(("schedule", "when (UTC)", ""), rows) + "\n")
    parts.append(
        "## Tags of runs\n\nThe run list is filtered by them.\n\n"
        + table_of(
            ("tag", ""),
            [
                ("`dagster/partition`", "the video"),
                ("`vidpipe/channel`", "whose it is"),
                (
                    "`vidpipe/cause`",
                    "why there is this run: `upload`, `sidecar`, `retry`, `stale`, `manual`, "
                    "`backfill`",
                ),
                ("`dagster/priority`", "its place in the queue: higher goes first"),
                ("`vidpipe/request`", "the request in the catalog that it answers"),
            ],
        )
        + "\n"
    )
    return "\n".join(parts)
