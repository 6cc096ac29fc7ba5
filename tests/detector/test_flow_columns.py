"""The columns of FLOWS against the records, read one by one."""

from __future__ import annotations

import numpy as np
import pytest

from contract.schemas import FLOWS
from detector.flow_columns import AHEAD, flow_columns
from detector.flowtable import BWD, FWD
from detector.meter import Meter
from tests.detector.captured import START, batch_of
from tests.detector.test_meter import dense

SIDES = {"src": ("address", FWD), "dst": ("address", BWD), "src_port": ("port", FWD), "dst_port": ("port", BWD)}


def value(record, name):
    """What a column says of a record."""
    if name in ("src", "dst"):
        return record["address"][SIDES[name][1]].astype(">u8").tobytes()
    if name in SIDES:
        return int(record["port"][SIDES[name][1]])
    for side, ends in ((FWD, ("_fwd", "src_mac")), (BWD, ("_bwd", "dst_mac"))):
        if name.endswith(ends):
            fact = "mac" if name.endswith("_mac") else name[:-4].removeprefix("tcp_")
            return int(record[fact][side])
    return int(record[name])


@pytest.fixture(scope="module")
def metered():
    meter = Meter(capacity=1000, seed=1)
    for seed in range(4):
        rows = dense(seed)
        meter.update(batch_of([row[0] for row in rows], START + np.arange(len(rows)) * 1000))
    return meter.table, np.random.default_rng(1).permutation(meter.finish())


def test_each_column_is_what_the_records_say(metered):
    table, slots = metered
    assert len(slots) > 3 * AHEAD
    for field, column in zip(FLOWS, flow_columns(table, slots), strict=True):
        assert column.type == field.type
        plain = column.cast("int64") if str(field.type).startswith("timestamp") else column
        assert plain.to_pylist() == [value(table.flows[slot], field.name) for slot in slots], field.name


@pytest.mark.parametrize("count", [0, 1, AHEAD, AHEAD + 1])
def test_any_number_of_flows(metered, count):
    table, slots = metered
    assert [len(column) for column in flow_columns(table, slots[:count])] == [count] * len(FLOWS)
