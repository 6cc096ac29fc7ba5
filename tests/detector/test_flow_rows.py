from __future__ import annotations

import numpy as np
import pytest

from contract.flow_batch import Note, read_batch, write_batch
from contract.schemas import FIRST_MESSAGES, FLOW_UPDATES, RARE_FACTS
from detector.flow_rows import BLANK, OWN, PLACES, from_batch, gather, joined, taken, to_batch
from detector.flowtable import FIRST_SIZES, FLOW, NOT_ENDED
from detector.message_row import MESSAGE
from detector.rare_facts import RARE
from detector.sensor import Sensor
from tests.conformance.test_same_answer import CONFIG, traffic
from tests.detector.streams import batch


@pytest.fixture(scope="module")
def rows():
    """Everything that some traffic brings, in one piece."""
    sensor = Sensor(CONFIG)
    frames = sorted(traffic(1.0), key=lambda frame: frame[0])
    sensor.feed(batch(frames))
    sensor.finish()
    return joined(sensor.rows())


def test_every_fact_of_a_flow_has_its_column():
    assert {fact for fact, _ in PLACES.values()} | set(OWN) == set(FLOW.names or ())
    assert {field.name for field in RARE_FACTS} == set(RARE.names or ())
    assert {field.name for field in FIRST_MESSAGES} == set(MESSAGE.names or ())


def test_rows_survive_the_way_as_a_batch(rows):
    _, (found,) = read_batch(write_batch(Note("a", "b", 0), [to_batch(rows)]), "here")
    again = from_batch(found)
    assert len(rows.messages_at) > 5
    assert len(rows.rare_at) > 5
    for name, mine, other in zip(rows._fields, rows, again, strict=True):
        if name == "records":
            for fact in {fact for fact, _ in PLACES.values()} | {"payload_kept"}:
                assert np.array_equal(mine[fact], other[fact], equal_nan=mine[fact].dtype.kind == "f"), fact
        elif name == "payload":
            for side in range(2):
                kept = np.arange(mine.shape[2]) < rows.records["payload_kept"][:, side, None]
                assert np.array_equal(mine[:, side][kept], other[:, side][kept])
        else:
            assert np.array_equal(mine, other), name


def test_columns_that_say_nothing_are_left_out(rows):
    columns = set(to_batch(rows).schema.names)
    assert (
        {"packets_fwd", "http_requests", "rare", "messages", "first_payload_fwd"} <= columns < set(FLOW_UPDATES.names)
    )
    assert "eces_fwd" not in columns


def test_rows_taken_in_another_order_are_those_rows(rows):
    order = np.random.default_rng(1).permutation(len(rows.records))[: len(rows.records) // 2]
    some = taken(rows, order)
    assert np.array_equal(some.records["flow_id"], rows.records["flow_id"][order])
    back = dict(zip(order.tolist(), range(len(order)), strict=True))
    expected = {back[at]: row.tobytes() for at, row in zip(rows.rare_at.tolist(), rows.rare, strict=True) if at in back}
    assert {at: row.tobytes() for at, row in zip(some.rare_at.tolist(), some.rare, strict=True)} == expected


def test_numbers_that_kernels_would_take_for_an_index_are_tamed(rows):
    wild = rows._replace(records=rows.records.copy(), messages=rows.messages.copy())
    wild.records["sizes_count"], wild.records["ended"], wild.records["gap_mean"] = 255, 77, np.nan
    wild.records["last"] = 0
    wild.messages["alpn_length"], wild.messages["method"] = 255, 255
    found = from_batch(to_batch(wild))
    assert (found.records["sizes_count"] == FIRST_SIZES).all()
    assert (found.records["ended"] == NOT_ENDED).all()
    assert (found.records["gap_mean"] == 0).all()
    assert (found.records["last"] >= found.records["first"]).all()
    assert found.messages["alpn_length"].max() <= 16
    assert found.messages["method"].max() < 10


def test_what_is_left_out_is_what_a_flow_begins_with():
    sensor = Sensor(CONFIG)
    sensor.feed(batch(sorted(traffic(0.2), key=lambda frame: frame[0])[:5]))
    sensor.finish()
    whole = to_batch(joined(sensor.rows()))
    few = whole.select(["tick", "flow_id", "src", "dst", "src_port", "dst_port", "protocol", "first", "last"])
    found = from_batch(few)
    for fact in ("packets", "rtt", "window_min", "ended"):
        assert (found.records[fact] == BLANK[fact][0]).all()
    assert np.array_equal(found.touched, found.tick)


def test_nothing_is_gathered_of_no_flows():
    sensor = Sensor(CONFIG)
    none = np.zeros(0, np.int32)
    found = gather(sensor.meter.table, none, 5, np.zeros(0, np.int64), np.zeros((0, 2), bool))
    assert to_batch(found).num_rows == 0
    assert len(from_batch(to_batch(found)).records) == 0
