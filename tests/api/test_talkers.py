from __future__ import annotations

from collections import Counter

import pytest

from api import talkers
from api.talkers import TalkerBook, Talkers
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.api.helpers import START, verdicts

_COLUMNS = ["flow_id", "src", "dst", "dst_port", "protocol", "family"]


def counted(folder) -> dict[str, Counter]:
    """What a naive count over the rows gives: each flow once, when it first is called an attack."""
    found: dict[str, Counter] = {"src": Counter(), "dst": Counter(), "port": Counter()}
    seen = set()
    with StoreReader(folder) as reader:
        for table in reader.verdict_tables():
            for row in table.select(_COLUMNS).to_pylist():
                if row["family"] != "benign" and row["flow_id"] not in seen:
                    seen.add(row["flow_id"])
                    found["src"][row["src"]] += 1
                    found["dst"][row["dst"]] += 1
                    found["port"][row["dst_port"], row["protocol"]] += 1
    return found


@pytest.fixture
def store(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer:
        writer.commit(verdicts=verdicts(3000, START))
        writer.commit(verdicts=verdicts(3000, START, 1500))  # half of the flows again
        yield writer


def test_counts_are_those_of_a_naive_count(store, tmp_path):
    followed = Talkers()
    with StoreReader(tmp_path) as reader:
        followed.update(reader)
        top = followed.top(200)
        naive = counted(tmp_path)
        assert top["flows"] == sum(naive["src"].values())
        assert [row["flows"] for row in top["victims"]] == sorted(naive["dst"].values(), reverse=True)[:200]
        assert (top["attackers_total"], top["victims_total"]) == (len(naive["src"]), len(naive["dst"]))
        assert top["ports"] == [
            {
                "flows": top["flows"],
                "packets": 3 * top["flows"],
                "bytes": 180 * top["flows"],
                "port": 443,
                "protocol": "tcp",
                "families": top["ports"][0]["families"],
            }
        ]
        assert not top["attackers_cut"]


def test_what_comes_later_is_added_once(store, tmp_path, monkeypatch):
    monkeypatch.setattr(talkers, "_EVERY_S", 0.0)
    followed = Talkers()
    with StoreReader(tmp_path) as reader:
        followed.update(reader)
        before = followed.top(1)["flows"]
        followed.update(reader)
        assert followed.top(1)["flows"] == before
        store.commit(verdicts=verdicts(1000, START, 9000))
        followed.update(reader)
        assert followed.top(1)["flows"] == sum(counted(tmp_path)["src"].values()) == before + 800


def test_a_flood_of_sources_is_cut_and_said(store, tmp_path, monkeypatch):
    monkeypatch.setattr(talkers, "_MOST_ROWS", 500)
    followed = Talkers()
    with StoreReader(tmp_path) as reader:
        followed.update(reader)
    top = followed.top(10)
    assert top["attackers_cut"]
    assert len(top["attackers"]) == 10


def test_few_runs_are_remembered():
    book = TalkerBook()
    first = book.of("a")
    assert book.of("a") is first
    for name in "bcde":
        book.of(name)
    assert book.of("a") is not first
