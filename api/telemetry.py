"""OpenTelemetry by option: traces and durations of requests, sent to whoever collects them (OTLP over HTTP).

Off unless asked for: nothing leaves the machine by an environment variable alone. The exporters are the extra ``otel``.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi.telemetry import TelemetryConfig

from contract.errors import InputError, LackingError
from contract.version import VERSION

_OFF: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
_QUIET: Final = ("/v1/stream", "/healthz", "/readyz", "/metrics")  # open for hours, or asked for all the time
_EVERY_MS: Final = 15_000


@dataclass(frozen=True)
class Telemetry:
    """What FastAPI is told, and how to send what is left at the end."""

    config: TelemetryConfig
    close: Callable[[], None]


def check_endpoint(text: str) -> str:
    """The address of a collector, without a path's end. Raises ``InputError``."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InputError(f"--otel {text!r} is no address of a collector; write http://127.0.0.1:4318")
    return text.rstrip("/")


def telemetry(endpoint: str | None) -> Telemetry:
    """Traces and metrics to that collector; without one nothing at all. Raises ``LackingError`` without the extra."""
    if endpoint is None:
        return Telemetry(_OFF, lambda: None)
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise LackingError("--otel needs the extra otel: pip install 'tenfold[otel]'") from None
    resource = Resource.create({"service.name": "tenfold", "service.version": VERSION})
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{endpoint}/v1/metrics"), _EVERY_MS)
    meters = MeterProvider([reader], resource, shutdown_on_exit=False)

    def close() -> None:
        tracers.shutdown()
        meters.shutdown()

    return Telemetry(
        {
            "tracer_provider": tracers,
            "meter_provider": meters,
            "logs": False,  # they would carry what people typed
            "operation_spans": False,
            "auto_configure": False,
            "exclude": _is_quiet,
        },
        close,
    )


def _is_quiet(scope: MutableMapping[str, Any]) -> bool:
    return scope.get("path") in _QUIET
