from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.addresses import column_to_array
from contract.community_id import community_ids
from contract.errors import InputError
from store.filters import Filters
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.store.helpers import FAMILIES, START, alert, flows, verdicts


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """300 verdicts in 6 commits, the first 4 of them compacted."""
    path = tmp_path_factory.mktemp("store")
    with StoreWriter(path, compact_after=0) as writer:
        for number in range(6):
            writer.commit(
                flows(50, number * 50), verdicts(50, number * 50), [alert(number), alert(100 + number, 1, "web_scan")]
            )
            if number == 3:
                writer.compact(everything=True)
    with StoreReader(path) as reader:
        yield reader


def pages(ask, **arguments):
    found, cursor = [], None
    while True:
        page = ask(cursor=cursor, **arguments)
        found += page.table.column("flow_id").to_pylist()
        cursor = page.cursor
        if cursor is None:
            return found


@given(
    family=st.none() | st.sampled_from(FAMILIES),
    since=st.none() | st.integers(-5, 305),
    until=st.none() | st.integers(-5, 305),
    host=st.none() | st.integers(0, 310),
    score=st.none() | st.floats(0, 1, width=32),
    attacks=st.booleans(),
    limit=st.integers(1, 60),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_pages_hold_what_a_plain_filter_finds_newest_first(store, family, since, until, host, score, attacks, limit):
    filters = Filters(
        family=family,
        since=None if since is None else START + since * 1_000_000,
        until=None if until is None else START + until * 1_000_000,
        host=None if host is None else f"198.18.{host >> 8}.{host & 255}",
        min_score=score,
        attacks=attacks,
    )
    expected = [
        i
        for i in reversed(range(300))
        if (family is None or FAMILIES[i % 3] == family)
        and (since is None or i >= since)
        and (until is None or i <= until)
        and (host is None or host in (i, 9))
        and (score is None or np.float32(0.5 + (i % 50) / 100) >= np.float32(score))
        and (not attacks or i % 3)
    ]
    if host is None or host != 9:
        assert pages(store.detections, filters=filters, limit=limit) == expected


def test_flows_page_alike(store):
    assert pages(store.flows, limit=7) == list(reversed(range(300)))
    assert pages(store.flows, limit=7, filters=Filters(host="198.18.0.42")) == [42]


def test_a_group_stands_for_its_families(store):
    found = pages(store.detections, filters=Filters(group="recon"), limit=1000)
    assert found == [i for i in reversed(range(300)) if i % 3 == 2]


def test_a_community_id_finds_its_flow(store):
    batch = verdicts(300)
    numbers = [np.asarray(batch.column(name)) for name in ("src_port", "dst_port", "protocol")]
    ids = community_ids(
        column_to_array(batch.column("src")), column_to_array(batch.column("dst")), *numbers
    ).to_pylist()
    assert pages(store.detections, filters=Filters(community_id=ids[123])) == [123]
    assert pages(store.flows, filters=Filters(community_id=ids[123])) == [123]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(family="syn_flood"), [5, 4, 3, 2, 1, 0]),
        (Filters(group="recon", since=START + 1105), [105]),
        (Filters(host="198.18.0.3"), [3]),
        (Filters(host="198.18.1.1", family="web_scan", until=START + 101), [101, 100]),
        (Filters(community_id="1:4"), [4]),
        (Filters(min_score=0.95), []),
        (Filters(severity="high", open=True, family="syn_flood"), [5, 4, 3, 2, 1, 0]),
        (Filters(open=False), []),
    ],
)
def test_alerts_are_filtered(store, filters, expected):
    assert [found["alert_id"] for found in store.alerts(filters).alerts] == expected


def test_alerts_come_in_pages_and_as_news(store):
    first = store.alerts(limit=5)
    second = store.alerts(limit=50, cursor=first.cursor)
    numbers = [found["alert_id"] for found in first.alerts + second.alerts]
    assert numbers == [105, 5, 104, 4, 103, 3, 102, 2, 101, 1, 100, 0]
    assert second.cursor is None
    news = store.alerts(changed_after=store.last_commit() - 1)
    assert [found["alert_id"] for found in news.alerts] == [105, 5]


def test_counts_and_timeline(store):
    counts = store.counts()
    assert counts["rows"] == {"flows": 300, "verdicts": 300}
    assert counts["alerts"] == {
        "total": 12,
        "open": 12,
        "families": {"syn_flood": 6, "web_scan": 6},
        "severities": {"high": 12},
    }
    assert counts["families"]["web_scan"] == {"attacks": 100, "ended": 100}
    second = START // 10**9
    assert sum(row.ended for row in store.timeline()) == 300
    assert store.timeline(since=second + 1) == []


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (Filters(family="nonsense"), "no family is called 'nonsense'"),
        (Filters(group="nonsense"), "no group is called 'nonsense'"),
        (Filters(host="nonsense"), "is neither an IP address nor a prefix"),
    ],
)
def test_a_wrong_filter_is_one_clear_line(store, filters, words):
    for ask in (store.alerts, store.detections, store.flows):
        with pytest.raises(InputError, match=words):
            ask(filters)


def test_no_store_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="holds no store"):
        StoreReader(tmp_path)
