from __future__ import annotations

import math
import time

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from api.output_metrics import OutputMetrics, lag_s
from contract.clock import iso
from store.outputs.state import State
from tests.api.conftest import finish
from tests.api.helpers import make_run, serving
from tests.store.outputs.helpers import batch


def state(tmp_path, name: str, word: str = "following", **counts: int) -> State:
    found = State(tmp_path / "one" / "outputs", name)
    found.word = word
    for key, value in counts.items():
        setattr(found.counts, key, value)
    return found


def scraped(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("tenfold_output")
    }


def test_without_outputs_nothing_is_told():
    metrics, registry = OutputMetrics(), CollectorRegistry()
    registry.register(metrics)
    assert generate_latest(registry) == b""
    metrics.show({"one": []})
    assert generate_latest(registry) == b""


def test_each_output_of_the_run_on_show_and_of_what_sensors_post_is_told(tmp_path):
    finish(make_run(tmp_path / "one", alerts=1, seconds=1, per_second=5))
    soc = state(tmp_path, "soc", delivered=7, batches=1)
    soc.note_delivered(2)
    soc.bury(batch(3), "refused")
    soc.save()
    state(tmp_path, "siem", "retrying", waiting=5, left_out=4, retried=9).save()
    with serving(tmp_path) as client:
        found = scraped(client.get("/metrics").text)
        assert found["tenfold_output_records_total", "delivered", "soc", "one"] == 9
        assert found["tenfold_output_records_total", "dead", "soc", "one"] == 3
        assert found["tenfold_output_records_total", "left_out", "siem", "one"] == 4
        assert found["tenfold_output_waiting", "siem", "one"] == 5
        assert found["tenfold_output_retries_total", "siem", "one"] == 9
        assert found["tenfold_output_lag_seconds", "siem", "one"] == math.inf
        assert (found["tenfold_output_up", "soc", "one"], found["tenfold_output_up", "siem", "one"]) == (1, 0)
        (tmp_path / "one" / "outputs" / "soc.json").write_text("{")
        assert client.get("/metrics").status_code == 200


def test_lag_counts_from_the_last_delivery_while_something_waits(tmp_path):
    found = state(tmp_path, "soc", waiting=1)
    found.last_delivered = iso(time.time_ns() - 5_000_000_000)
    assert lag_s(found.document(), time.time()) == pytest.approx(5, abs=2)
    found.counts.waiting = 0
    assert lag_s(found.document(), time.time()) == 0
