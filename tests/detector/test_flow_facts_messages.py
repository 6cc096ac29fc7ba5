"""First messages as columns: text where it can be printed, nothing where there was none."""

from __future__ import annotations

import numpy as np

from detector.flow_facts import facts_of_flows
from detector.flow_facts_messages import MESSAGES, texts
from tests.detector import hellos
from tests.detector.captured import meter_of
from tests.detector.test_messages import REQUEST, back, forth


def test_each_column_of_a_tls_an_http_and_another_flow():
    frames = [forth(hellos.client_hello(), 1), back(hellos.server_hello(), 1), forth(REQUEST, 2), forth(b"\0" * 20, 3)]
    meter = meter_of(frames)
    batch = facts_of_flows(meter.table, np.sort(meter.finish()))
    tls, http, other = batch.select([fact.name for fact in MESSAGES]).to_pylist()
    assert (tls["tls"], tls["tls_sni"], tls["tls_alpn"], tls["tls_ja4"]) == (
        True,
        "www.example.com",
        "h2",
        hellos.EXAMPLE_JA4,
    )
    assert (tls["tls_version"], tls["tls_chosen_cipher"], tls["http"]) == (0x0304, 0x1301, False)
    assert (http["http"], http["http_method"], http["http_host"], http["tls_ja4"]) == (
        True,
        "GET",
        "www.example.com",
        "",
    )
    assert http["name_hash"] == tls["name_hash"] != 0
    assert not any(other.values())


def test_what_cannot_be_printed_is_not():
    kept = np.frombuffer(b"ab\x1b[\xff\0--------", np.uint8).reshape(1, -1)
    assert texts(kept, np.array([6])).to_pylist() == ["ab?[??"]
