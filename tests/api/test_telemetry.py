"""Traces and metrics into a collector that listens on a real socket."""

from __future__ import annotations

import gzip
import sys
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from api.server import main
from api.telemetry import check_endpoint, telemetry
from contract.errors import InputError, LackingError
from tests.api.helpers import serving


@pytest.fixture
def collector():
    bodies: dict[str, list[bytes]] = defaultdict(list)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            bodies[self.path].append(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", bodies
        finally:
            server.shutdown()
            thread.join()


def test_requests_reach_the_collector_as_spans_and_durations(collector, tmp_path):
    trace = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2", reason="no extra otel")
    metrics = pytest.importorskip("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")
    endpoint, bodies = collector
    with serving(tmp_path, "--otel", endpoint) as client:
        assert client.get("/v1/alerts/17").status_code == 404
        client.get("/healthz")
        assert client.get("/v1/configuration").json()["service"]["otel"] is True
    spans = [
        span
        for body in bodies["/v1/traces"]
        for resource in trace.ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert {span.name for span in spans} == {"GET /v1/alerts/{alert_id}", "GET /v1/configuration"}
    found = next(span for span in spans if "alert_id" in span.name)
    assert {row.key: row.value.int_value for row in found.attributes}["http.response.status_code"] == 404
    names = {
        metric.name
        for body in bodies["/v1/metrics"]
        for resource in metrics.ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert "http.server.request.duration" in names


def test_without_the_extra_one_line_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(LackingError, match=r"pip install 'tenfold\[otel\]'"):
        telemetry("http://127.0.0.1:4318")
    assert main(["--runs", str(tmp_path), "--port", "0", "--otel", "http://127.0.0.1:4318"]) == 3
    assert capsys.readouterr().err == "tenfold: --otel needs the extra otel: pip install 'tenfold[otel]'\n"


@pytest.mark.parametrize("text", ["127.0.0.1:4318", "grpc://x:1", "http://", "http://x/?token=1", ""])
def test_an_endpoint_is_an_address(text):
    with pytest.raises(InputError, match="no address of a collector"):
        check_endpoint(text)


def test_off_means_off(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    off = telemetry(None)
    assert off.config == {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
    off.close()
