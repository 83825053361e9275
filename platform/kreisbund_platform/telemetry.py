"""OpenTelemetry traces, metrics and logs that carry codes and ids, never a form value or free text.

Whatever is recorded passes `_code`: short, single-word values survive, everything else becomes its type's
name. Exceptions are recorded by type and place, without their message.
"""

import errno
import json
import logging
import random
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, Token
from datetime import UTC, datetime

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, Status, StatusCode

Attribute = str | int | float | bool
CODE = re.compile(r"[\w.:/ {}-]{1,120}", re.ASCII)
# a file below PostgreSQL's data directory: numbers alone, so no value that a message quotes passes for one
TABLE_FILE = re.compile(r"\b(?:base/\d+|global)/\d+(?:_(?:fsm|vm|init))?(?:\.\d+)?\b", re.ASCII)

tracer = trace.get_tracer("kreisbund")
meter = metrics.get_meter("kreisbund")
operations = meter.create_counter("kreisbund.operations", description="GraphQL operations by result code")
interpreted = meter.create_counter("kreisbund.interpreted", description="Queries that did not compile, by reason")
durable_steps = meter.create_counter("kreisbund.steps", description="durable steps of cases by kind")
timers = meter.create_counter("kreisbund.timers", description="fired timers by result")
_number: ContextVar[int] = ContextVar("trace", default=0)
_listened = False


def _code(value: object) -> Attribute:
    if isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if CODE.fullmatch(text) else f"<{type(value).__name__}>"


def span(name: str, **codes: object) -> AbstractContextManager[object]:
    """A span with codes as attributes; an exception is noted by its type only. Where nobody listens it is a number."""
    return _recorded(name, codes) if _listened else _Numbered()


@contextmanager
def _recorded(name: str, codes: Mapping[str, object]) -> Iterator[Span]:
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as current:
        current.set_attributes({key: _code(value) for key, value in codes.items()})
        try:
            yield current
        except Exception as problem:
            current.set_status(Status(StatusCode.ERROR, type(problem).__name__))
            raise


class _Numbered:
    """A trace's number alone, by which log lines and refusals are found; the outermost gives it."""

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        self._before: Token[int] | None = None if _number.get() else _number.set(random.getrandbits(128) or 1)

    def __exit__(self, *_problem: object) -> None:
        if self._before is not None:
            _number.reset(self._before)


def trace_id() -> str:
    """The running trace's id, 32 hex digits; zeros outside of any span."""
    return f"{trace.get_current_span().get_span_context().trace_id or _number.get():032x}"


def surprise(problem: BaseException) -> dict[str, Attribute]:
    """What may be logged of an exception: its type and where it came from, not what it says; and what a disk broke."""
    frames = traceback.extract_tb(problem.__traceback__)[-4:]
    place = " ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    return {"exception": type(problem).__name__, "place": place, **_broken(problem)}


def _broken(problem: BaseException) -> dict[str, Attribute]:
    """The system's name for a failed read or write, and PostgreSQL's file where one of its tables failed."""
    if isinstance(problem, OSError) and problem.errno is not None:
        return {"errno": errno.errorcode.get(problem.errno, "unknown")}
    state = getattr(problem, "sqlstate", None) or ""
    # of the system and internal; the third is also what a file says that may not be opened
    if state.startswith(("58", "XX")) or state == "42501":
        found = TABLE_FILE.search(str(problem))
        return {"file": found[0]} if found else {}
    return {}


class CodeFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, event and codes. Arguments and exception texts are left out."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for one record."""
        line: dict[str, Attribute] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": str(_code(record.msg)),
            "trace": trace_id(),
        }
        line |= {key: _code(value) for key, value in getattr(record, "codes", {}).items()}
        if record.exc_info and record.exc_info[1]:
            line |= surprise(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True)


class CodesOnly(logging.Filter):
    """Strips what a record carries beyond codes before any exporter sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always passes, reduced."""
        if record.exc_info and record.exc_info[1]:
            record.codes = {**getattr(record, "codes", {}), **surprise(record.exc_info[1])}
        record.msg, record.args, record.exc_info, record.exc_text = str(_code(record.msg)), (), None, None
        return True


def log(event: str, *, level: int = logging.INFO, problem: BaseException | None = None, **codes: object) -> None:
    """Writes one log line: a constant event name and codes."""
    reduced = {key: _code(value) for key, value in codes.items()} | (surprise(problem) if problem else {})
    logging.getLogger("kreisbund").log(level, event, extra={"codes": reduced})


def setup(service_name: str, otlp_endpoint: str | None) -> None:
    """Starts logging to stderr and, where an OTLP endpoint is configured, exports all three signals to it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(CodeFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("kreisbund").setLevel(logging.INFO)
    if otlp_endpoint:
        _export(Resource.create({"service.name": f"kreisbund-{service_name}"}), root, otlp_endpoint.rstrip("/"))


def _export(resource: Resource, root: logging.Logger, endpoint: str) -> None:
    global _listened  # noqa: PLW0603 - as global as the providers set here
    _listened = True
    provider = TracerProvider(resource=resource)
    trace.set_tracer_provider(provider)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{endpoint}/v1/metrics"))
    metrics.set_meter_provider(MeterProvider([reader], resource))
    log_provider = LoggerProvider(resource)
    log_provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{endpoint}/v1/logs")))
    exporting = LoggingHandler(logger_provider=log_provider)
    exporting.addFilter(CodesOnly())
    root.addHandler(exporting)
