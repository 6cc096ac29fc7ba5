from __future__ import annotations

from store.formats.tables import tabular
from tests.store.formats.helpers import FAMILIES, KEYS, alert_documents, flow_table, verdict_table


def test_flows_are_in_words():
    rows = tabular(flow_table(), "flows").to_pylist()
    assert [(row["src"], row["dst"], row["src_port"], row["dst_port"]) for row in rows] == [key[:4] for key in KEYS]
    assert rows[0]["src_mac"] == "02:00:00:00:00:01"
    assert rows[0]["dst_mac"] == ""
    assert [row["ended"] for row in rows[:3]] == ["fin", "idle", "idle"]
    assert rows[-1]["ended"] == "unknown"
    assert rows[6]["community_id"] == ""
    assert rows[0]["community_id"].startswith("1:")


def test_verdicts_have_group_and_technique():
    rows = tabular(verdict_table(), "detections").to_pylist()
    assert [row["family"] for row in rows] == FAMILIES
    assert (rows[0]["group"], rows[0]["technique"], rows[0]["tactic"]) == ("dos", "T1498.001", "TA0040")
    assert (rows[3]["group"], rows[3]["technique"]) == ("benign", "")


def test_alerts_keep_lists():
    documents = alert_documents()
    rows = tabular(documents, "alerts").to_pylist()
    assert [row["attackers"] for row in rows] == [document["attackers"] for document in documents]
    assert rows[0]["technique"] == documents[0]["technique"]["id"]
    assert tabular([], "alerts").schema == tabular(documents, "alerts").schema
