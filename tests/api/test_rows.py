from __future__ import annotations

import json

import numpy as np
import pyarrow as pa

from api.rows import AlertCache, alert_item, detection_items, flow_items
from contract.schemas import TIME
from tests.api.helpers import START, alert, flows, verdicts


def with_commit(batch: pa.RecordBatch) -> pa.Table:
    stamps = pa.array(np.full(batch.num_rows, START, np.int64)).cast(TIME)
    return pa.table(batch).append_column(pa.field("committed", TIME), stamps)


def test_large_numbers_are_text():
    item = detection_items(with_commit(verdicts(3, START)))[2]
    assert item["flow_id"] == str((1 << 60) + 2)
    assert item["alert_id"] == "3"
    assert item["src"] == "198.18.0.2"
    assert item["protocol_name"] == "tcp"
    assert item["committed"].startswith("2024-07-26")


def test_benign_has_no_technique():
    item = detection_items(with_commit(verdicts(5, START)))[4]
    assert item["family"] == item["group"] == "benign"
    assert item["technique"] == {"id": "", "name": ""}


def test_flows_say_flags_and_end_in_words():
    item = flow_items(with_commit(flows(2, START)))[0]
    assert (item["tcp_flags_fwd"], item["tcp_flags_bwd"], item["ended"]) == ("SA", "", "fin")


def test_no_rows_are_no_items():
    assert detection_items(with_commit(verdicts(0, START))) == [] == flow_items(with_commit(flows(0, START)))


def test_an_alert_keeps_its_words_and_loses_its_integers():
    document = alert(7).as_dict() | {"committed_ns": START, "raised_ns": START}
    item = alert_item(document)
    assert item["alert_id"] == "7"
    assert item["raised_text"].startswith("2024-07-26T19:30:00")
    assert not {"first_seen", "last_seen", "decided", "committed_ns"} & set(item)
    assert item["sample_flows"][0]["flow_id"] == str((1 << 60) + 7)


def test_a_revision_is_encoded_once_and_a_new_one_anew():
    cache = AlertCache()
    first = alert(7).as_dict() | {"committed_ns": START, "raised_ns": START}
    assert cache.encoded("one", first) is cache.encoded("one", first)
    assert json.loads(cache.encoded("one", first)) == alert_item(first)
    later = first | {"revision": 2, "flows": 9}
    assert json.loads(cache.encoded("one", later))["flows"] == 9
    assert cache.encoded("two", first) is not cache.encoded("one", first)


def test_what_is_kept_encoded_is_the_last_revision_and_bounded(monkeypatch):
    cache = AlertCache()
    for revision in range(1, 200):
        cache.encoded("one", alert(7, revision=revision).as_dict() | {"committed_ns": START, "raised_ns": START})
    assert len(cache._known) == 1
    monkeypatch.setattr("api.rows._MOST_BYTES", 10 * cache._bytes)
    for number in range(100):
        cache.encoded("one", alert(number).as_dict() | {"committed_ns": START, "raised_ns": START})
    assert 5 <= len(cache._known) <= 15
    assert cache._bytes == sum(len(data) for _, data in cache._known.values())
