"""What a running vidpipe says of itself: logs, traces, metrics.

Belongs here: the ids that every process of a video has in common and how they are carried, events
in the log, spans, what takes secrets out of both, and the figures at `/metrics`. Does not belong
here: deciding what is worth a line; each part says what it did.

`context`, `events` and `spans` need nothing that is not in the standard library: the engine
imports them. What needs structlog is in `logs`, what needs OpenTelemetry's SDK in `traces`, what
needs the Prometheus client in `metrics`; they are loaded by whoever starts a process.
"""
