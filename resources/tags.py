"""Tags of runs: what the run list is filtered by, and what the queue reads."""

PARTITION = "dagster/partition"
PRIORITY = "dagster/priority"
BACKFILL = "dagster/backfill"

CHANNEL = "vidpipe/channel"
#: Why there is this run, see `vidpipe.catalog.requests.Cause`.
CAUSE = "vidpipe/cause"
#: The request that it answers.
REQUEST = "vidpipe/request"
#: What it is expected to cost, and where that comes from.
ESTIMATE = "vidpipe/estimate"

#: Taking in comes first: it is short, and nothing starts without it.
INTAKE_PRIORITY = 50
#: Backfills come after every fresh upload, whose priorities are -10 to 10.
BACKFILL_PRIORITY = -100
