"""vidpipe download: recordings of links, into the drop folder."""

from __future__ import annotations

from typing import Annotated

import typer

from vidpipe.cli.app import app, guard, library, plain
from vidpipe.cli.app import out as say


@app.command()
def download(
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]", help="of a recording, or of a public page; none: all jobs'"
        ),
    ] = None,
    channel: Annotated[str, typer.Option(help="channel of channels.yaml")] = "default",
    rights_confirmed: Annotated[
        bool,
        typer.Option("--rights-confirmed", help="you have the right to use the recording"),
    ] = False,
) -> None:
    """Fetch the recording of a link into the drop folder, or all that jobs wait for.

    What fails for the moment waits for another try: run it again later, without a URL.
    """

    def go() -> int:
        from vidpipe.cli.audited import changing, written_down
        from vidpipe.library import DownloadEnd, JobSpec

        codes = {DownloadEnd.STORED: 0, DownloadEnd.FAILED: 3}
        asked, job_id, code = library(), None, 0
        if url is not None:
            spec = JobSpec(source_url=url, channel=channel, rights_confirmed=rights_confirmed)
            with changing(asked):
                job_id = asked.jobs.create([spec], asked_by="local")[0].job_id
                written_down(
                    asked, "job.create", [(f"jobs/{job_id}", channel)], rights_confirmed=True
                )
        while (outcome := asked.downloads.work_off_one(job_id=job_id)) is not None:
            say.print(f"{outcome.job_id}: {plain(outcome.message)}")
            code = max(code, codes.get(outcome.end, 4))
        return code

    raise typer.Exit(guard(go))
