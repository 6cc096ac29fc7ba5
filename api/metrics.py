"""What the service says of itself to Prometheus. One registry per application, so that tests can run several."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from api.run_metrics import RunMetrics

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counters of requests, live clients and ingest, and gauges of the run that is shown."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tenfold_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.duration = Histogram(
            "tenfold_http_request_seconds",
            "Time to the first byte of the answer.",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.clients = Gauge("tenfold_stream_clients", "Live streams open.", registry=self.registry)
        self.events = Counter("tenfold_stream_events", "Events put to live streams.", ["event"], registry=self.registry)
        self.gaps = Counter("tenfold_stream_dropped", "Events dropped for slow clients.", registry=self.registry)
        self.batches = Counter("tenfold_ingest_batches", "Batches by outcome.", ["outcome"], registry=self.registry)
        self.frames = Counter("tenfold_ingest_frames", "Frames accepted.", registry=self.registry)
        self.flows = Counter("tenfold_ingest_flows", "Rows on flows accepted.", registry=self.registry)
        self.bytes = Counter("tenfold_ingest_bytes", "Bytes accepted.", registry=self.registry)
        self.backlog = Gauge(
            "tenfold_ingest_backlog_bytes", "Posted and not yet taken by the detector.", registry=self.registry
        )
        self.run = RunMetrics()
        self.registry.register(self.run)

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
