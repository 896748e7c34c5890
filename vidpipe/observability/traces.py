"""Spans as OpenTelemetry has them: on when the environment says where they go to.

The variables are those of its specification: `OTEL_EXPORTER_OTLP_ENDPOINT` (or
`OTEL_TRACES_EXPORTER=console`) switches it on, `OTEL_SDK_DISABLED` off; sampling, headers, limits
and the name of the service are what the SDK reads of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from vidpipe.errors import Misconfigured
from vidpipe.extras import from_extra
from vidpipe.observability import context, redact, spans
from vidpipe.observability.imports import WhenImported
from vidpipe.observability.spans import Kind, Span, Value

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from sqlalchemy import Engine

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
_PROTOCOL = "http/protobuf"
#: What makes spans of requests of httpx.
_HTTP = "opentelemetry.instrumentation.httpx"
#: What takes no time and says nothing.
_UNSAID = frozenset({"BEGIN", "PRAGMA"})
#: Characters of a statement that are kept; values are never in it.
_STATEMENT = 2000


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether these variables switch tracing on."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter:
        return exporter != "none"
    return any(environment.get(name, "").strip() for name in _ENDPOINTS)


def start(environment: Mapping[str, str], *, version: str = "") -> bool:
    """Trace from now on in this process, if its environment says so; whether it does.

    Raises:
        Misconfigured: it does, and the extra `traces` is not installed, or a protocol is wanted
            that it has not.
    """
    if spans.recorded() or not wanted(environment):
        return spans.recorded()
    protocols = {name: environment.get(name, _PROTOCOL).strip() for name in _PROTOCOLS}
    for name, protocol in protocols.items():
        if protocol not in ("", _PROTOCOL):
            raise Misconfigured(f"{name}: {protocol} is not spoken; use {_PROTOCOL}")
    with from_extra("traces"):
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter
    if environment.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "console":
        record(ConsoleSpanExporter(), version=version)
        return True
    with from_extra("traces"):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    record(OTLPSpanExporter(), version=version)
    return True


def record(exporter: SpanExporter, *, version: str = "", at_once: bool = False) -> None:
    """Trace from now on and send spans there; sampling and limits are of the environment.

    Args:
        exporter: what takes finished spans.
        version: of what runs here.
        at_once: each as it ends, in place of some at a time by a thread.
    """
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    said = OTELResourceDetector().detect()
    resource = Resource({"service.name": "vidpipe", "service.version": version}).merge(said)
    ids = _ids()
    provider = TracerProvider(resource=resource, id_generator=ids, shutdown_on_exit=True)
    provider.sampler = _no_orphans(provider.sampler)
    provider.add_span_processor(
        SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter)
    )
    spans.use(_Recorder(provider))
    _watch_http(provider)


def stop() -> None:
    """Send what is finished, and trace no more in this process."""
    tracer = spans._tracer
    spans.use(None)
    if isinstance(tracer, _Recorder):
        _unwatch_http()
        tracer.provider.shutdown()


#: The ids that the next span gets: those of a run, which other processes know by its id.
_given: ContextVar[tuple[int, int] | None] = ContextVar("vidpipe_given_ids", default=None)


def _ids() -> Any:
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        """Random ones, but for the span of a run."""

        def generate_trace_id(self) -> int:
            given = _given.get()
            return given[0] if given is not None else super().generate_trace_id()

        def generate_span_id(self) -> int:
            given = _given.get()
            return given[1] if given is not None else super().generate_span_id()

    return Ids()


def _no_orphans(inner: Any) -> Any:
    """The same sampler, but what calls others is recorded within a trace alone.

    Sensors and heartbeats ask the catalog every few seconds: each would be a trace.
    """
    from opentelemetry import trace
    from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

    class NoOrphans(Sampler):
        """See above."""

        def should_sample(
            self, parent_context: Any, trace_id: int, name: str, kind: Any = None, *more: Any,
            **named: Any,
        ) -> SamplingResult:  # fmt: skip
            above = trace.get_current_span(parent_context).get_span_context()
            if kind is trace.SpanKind.CLIENT and not above.is_valid:
                return SamplingResult(Decision.DROP)
            found: SamplingResult = inner.should_sample(
                parent_context, trace_id, name, kind, *more, **named
            )
            return found

        def get_description(self) -> str:
            return f"NoOrphans({inner.get_description()})"

    return NoOrphans()


class _Recorder:
    """Spans of OpenTelemetry, below what `context` says."""

    def __init__(self, provider: Any) -> None:
        from opentelemetry import trace

        self.provider = provider
        self._trace = trace
        self._tracer = provider.get_tracer("vidpipe")

    @contextmanager
    def span(
        self, name: str, kind: Kind, run_id: str | None, attributes: Mapping[str, Value | None]
    ) -> Iterator[Span]:
        trace = self._trace
        token = None
        if run_id is not None:
            # Its own ids, which `context.run_traceparent` leads others to.
            own = context.parsed(context.run_traceparent(run_id, context.traceparent()))
            assert own is not None
            token = _given.set((int(own[0], 16), int(own[1], 16)))
        try:
            opened = self._tracer.start_span(
                name,
                context=self._above(),
                kind=trace.SpanKind[kind.upper()],
                attributes={**_ids_of(), **_plain(attributes)},
            )
        finally:
            if token is not None:
                _given.reset(token)
        inside = opened.get_span_context()
        here = context.written(
            trace.format_trace_id(inside.trace_id),
            trace.format_span_id(inside.span_id),
            sampled=bool(inside.trace_flags & trace.TraceFlags.SAMPLED),
        )
        made = _Open(opened, trace)
        with (
            trace.use_span(opened, record_exception=False, set_status_on_exception=False),
            context.bound(traceparent=here),
        ):
            try:
                yield made
            except BaseException as error:
                if not isinstance(error, GeneratorExit):
                    made.fail(type(error).__name__)
                raise
            finally:
                opened.end()

    def _above(self) -> Any:
        """The span that `context` names, as the parent."""
        trace = self._trace
        parts = context.parsed(context.traceparent())
        if parts is None:
            return trace.set_span_in_context(trace.INVALID_SPAN)
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if parts[2] else 0)
        above = trace.SpanContext(int(parts[0], 16), int(parts[1], 16), True, flags)
        return trace.set_span_in_context(trace.NonRecordingSpan(above))

    def annotate(self, attributes: Mapping[str, Value | None]) -> None:
        self._trace.get_current_span().set_attributes(_plain(attributes))

    def sampled(self, trace_id: str) -> bool:
        from opentelemetry.sdk.trace.sampling import Decision

        empty = self._trace.set_span_in_context(self._trace.INVALID_SPAN)
        said = self.provider.sampler.should_sample(
            empty, int(trace_id, 16), "run", self._trace.SpanKind.INTERNAL
        )
        return bool(said.decision is Decision.RECORD_AND_SAMPLE)

    def watch(self, engine: Engine) -> None:
        _watch_sql(engine, self._tracer, self._trace)

    def flush(self, timeout_s: float) -> None:
        # A collector that is away must hold up no step; the exporter tries for ten seconds.
        send = self.provider.force_flush
        sending = threading.Thread(target=send, name="flush-spans", daemon=True)
        sending.start()
        sending.join(timeout_s)


class _Open:
    """An open span."""

    def __init__(self, opened: Any, trace: Any) -> None:
        self._opened, self._trace = opened, trace

    def set(self, **attributes: Value | None) -> None:
        self._opened.set_attributes(_plain(attributes))

    def rename(self, name: str) -> None:
        self._opened.update_name(name)

    def fail(self, why: str) -> None:
        self._opened.set_attribute("error.type", why)
        self._opened.set_status(self._trace.Status(self._trace.StatusCode.ERROR))


def _ids_of() -> dict[str, Value]:
    """The ids that are bound, as attributes of ours."""
    have = context.current()
    return {f"vidpipe.{name}": have[name] for name in context.NAMES if name in have}


def _plain(attributes: Mapping[str, Value | None]) -> dict[str, Value]:
    """Attributes by their names with dots, without secrets; what is None is left out."""
    return {
        name.replace("__", "."): redact.clean(value) if isinstance(value, str) else value
        for name, value in attributes.items()
        if value is not None
    }


# What calls a database


def _watch_sql(engine: Engine, tracer: Any, trace: Any) -> None:
    from sqlalchemy import event

    system = {"sqlite": "sqlite", "postgresql": "postgresql"}.get(engine.dialect.name, "other_sql")

    @event.listens_for(engine, "before_cursor_execute")
    def begin(_: Any, __: Any, statement: str, ___: Any, around: Any, _____: bool) -> None:
        if not trace.get_current_span().get_span_context().is_valid:
            return
        words = statement.split(None, 1)
        verb = words[0].upper() if words else "SQL"
        if verb in _UNSAID:
            return
        # Values stand in the parameters, which are not looked at.
        attributes = {
            "db.system.name": system,
            "db.operation.name": verb,
            "db.query.text": statement[:_STATEMENT],
        }
        kind = trace.SpanKind.CLIENT
        around._vidpipe_span = tracer.start_span(verb, kind=kind, attributes=attributes)

    @event.listens_for(engine, "after_cursor_execute")
    def end(_: Any, __: Any, ___: str, ____: Any, around: Any, _____: bool) -> None:
        opened = getattr(around, "_vidpipe_span", None)
        if opened is not None:
            opened.end()

    @event.listens_for(engine, "handle_error")
    def failed(what: Any) -> None:
        opened = getattr(what.execution_context, "_vidpipe_span", None)
        if opened is not None:
            opened.set_attribute("error.type", type(what.original_exception).__name__)
            opened.set_status(trace.Status(trace.StatusCode.ERROR))
            opened.end()


# What calls other services


_http: WhenImported | None = None


def _watch_http(provider: Any) -> None:
    """A span for each request of ours to others; of an address only where it is.

    The instrumentation loads httpx and takes three times as long as all the rest of OpenTelemetry,
    and most commands call nobody: it waits for whoever imports httpx.
    """
    global _http  # noqa: PLW0603 - a process has one
    if find_spec("httpx") is None:
        return
    with from_extra("traces"):
        # Said now, not when httpx is imported.
        if find_spec(_HTTP) is None:
            raise ModuleNotFoundError(name=_HTTP)
    _http = WhenImported("httpx", lambda: _instrument(provider))


def _instrument(provider: Any) -> None:
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

    def hide(opened: Any, request: Any) -> None:
        # Webhooks and signed links have their secret in the path.
        where = f"{request.url.scheme}://{request.url.host}"
        for name in ("url.full", "http.url"):
            if opened.is_recording() and (opened.attributes or {}).get(name) is not None:
                opened.set_attribute(name, f"{where}/")

    async def hide_later(opened: Any, request: Any) -> None:
        hide(opened, request)

    HTTPXClientInstrumentor().instrument(
        tracer_provider=provider, request_hook=hide, async_request_hook=hide_later
    )


def _unwatch_http() -> None:
    global _http
    waiting, _http = _http, None
    if waiting is None:
        return
    waiting.cancel()
    if waiting.called:
        from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

        HTTPXClientInstrumentor().uninstrument()
