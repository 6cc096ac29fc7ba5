"""What the service says of itself to Prometheus. One registry per application, so that tests can run several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from api.output_metrics import OutputMetrics
from api.run_metrics import RunMetrics, drops, stages
from contract.ledger import Ledger

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class ServiceLedger:
    """The service's own ledger, collected at each scrape: posts, what is forwarded of them, and the live streams."""

    def __init__(self) -> None:
        self._ledger: Ledger | None = None
        self.cut: Mapping[str, int] = {}  # connections that were cut off, by reason

    def show(self, ledger: Ledger) -> None:
        """Tell of it as it is now."""
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        """Prometheus' own name for it."""
        document = None if self._ledger is None else self._ledger.as_dict()
        yield drops("tenfold_service_dropped", "What the service's own stages dropped, by reason.", document)
        yield from stages("tenfold_service_stage", "The service's own ledger", document)
        cut = CounterMetricFamily("tenfold_connections_cut", "Connections that were cut off.", labels=["reason"])
        for reason, count in sorted(self.cut.items()):
            cut.add_metric([reason.replace(" ", "_")], count)
        yield cut


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
        self.service = ServiceLedger()
        self.registry.register(self.service)
        self.outputs = OutputMetrics()
        self.registry.register(self.outputs)

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
