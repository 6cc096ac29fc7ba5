"""Each statistic against the catalogue's column of that name."""

from __future__ import annotations

import numpy as np
import pytest

from contract.schemas import FLOWS
from detector.flow_facts import facts_of_flows
from detector.flow_statistics import FLOW_STATISTICS, NAMES, fill_statistics, statistics_of_flows
from detector.meter import Meter
from tests.detector.captured import START, batch_of
from tests.detector.test_dns_facts import ask, to_client, to_server
from tests.detector.test_meter import SECOND, dense, many


def metered():
    meter = Meter(capacity=1000, seed=1)
    for seed in range(3):
        rows = dense(seed)
        meter.update(batch_of([row[0] for row in rows], [row[1] for row in rows]))
    names = [to_server(ask("a1b2.c.example.com")), to_client(ask("a1b2.c.example.com")), to_server(ask("x.example"))]
    meter.update(batch_of([*names, *many(5)], START + np.arange(8) * 7 * SECOND))
    return meter, meter.finish()


def test_statistics_are_those_of_the_catalogue():
    meter, slots = metered()
    found, told = statistics_of_flows(meter.table, slots), facts_of_flows(meter.table, slots)
    assert found.schema == FLOW_STATISTICS
    assert len(slots) > 20
    for name in NAMES:
        expected = told.column(name).to_numpy(zero_copy_only=False).astype(np.float64)
        np.testing.assert_allclose(found.column(name).to_numpy(), expected, rtol=2e-6, atol=1e-6, err_msg=name)
    exported = meter.export(slots)
    assert all(found.column(name).equals(exported.column(name)) for name in FLOWS.names)
    assert found.column("bytes_fwd").equals(told.column("bytes_fwd"))


def test_every_number_of_the_catalogue_is_there():
    meter, slots = metered()
    told = facts_of_flows(meter.table, slots[:1]).schema
    # first messages are read when a flow is told in full; they are no statistics
    said = ("tls", "http", "name_hash")
    left = {field.name for field in told if str(field.type) not in {"string", "list<item: int16>"}} - {*NAMES}
    assert {name for name in left if not name.startswith(said)} <= {
        *FLOWS.names,
        "vlan",
        "tcp_flags_fwd",
        "tcp_flags_bwd",
    }


@pytest.mark.parametrize("count", [0, 1])
def test_few_flows(count):
    meter, slots = metered()
    assert statistics_of_flows(meter.table, slots[:count]).num_rows == count


def test_every_row_is_written():
    meter, slots = metered()
    out = np.full((len(NAMES), len(slots)), np.inf, np.float32)
    assert fill_statistics(meter.table, slots, np.zeros(256, np.uint8), out) == len(NAMES)
    assert not np.isinf(out).any()
