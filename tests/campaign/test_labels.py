"""Matching truth to flows, against plain-Python oracles that look at one flow and one row of truth at a time."""

from __future__ import annotations

import ipaddress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.labels import NO_ENTRY, families_of_pairs, family_per_flow, is_attack, label_flows, pair_truth, words
from contract.schemas import ARP
from contract.truth import Entry, Truth, parse_truth
from tests.campaign.tables import SECOND, flows_table, truth_table

HOSTS = ["198.18.0.1", "198.18.0.2", "198.18.1.1", "198.18.1.2", "2001:2::1"]
NETS = [*HOSTS, "198.18.0.0/24", "2001:2::/48"]
PORTS = [0, 22, 80, 40000]
MACS = [0x020000000001, 0x020000000002]
ported = (6, 17, 33, 132)

flow_rows = st.fixed_dictionaries(
    {
        "src": st.sampled_from(HOSTS),
        "dst": st.sampled_from(HOSTS),
        "src_port": st.sampled_from(PORTS),
        "dst_port": st.sampled_from(PORTS),
        "protocol": st.sampled_from([1, 6, 17, ARP]),
        "first": st.integers(0, 5),
        "src_mac": st.sampled_from([0, *MACS]),
        "dst_mac": st.sampled_from([0, *MACS]),
        "arp_operation": st.sampled_from([0, 1, 2]),
    }
)
some = lambda values: st.lists(st.sampled_from(values), max_size=2).map(tuple)  # noqa: E731 - a strategy with a name
entries = st.builds(
    Entry,
    family=st.sampled_from(["syn_flood", "port_scan", "web_browsing"]),
    start=st.none() | st.integers(0, 6),
    end=st.none() | st.integers(6, 9),
    attackers=some(NETS),
    victims=some(NETS),
    ports=some(PORTS),
    protocol=st.sampled_from([None, 1, 6, 17, ARP]),
    not_ports=some(PORTS),
    not_attackers=some(NETS),
    not_victims=some(NETS),
    attacker_macs=some(MACS),
    arp_operation=st.sampled_from([None, 1, 2]),
)


def inside(address: str, nets: tuple[str, ...]) -> bool:
    host = ipaddress.ip_address(address)
    return any(host in ipaddress.ip_network(net) for net in nets if ipaddress.ip_network(net).version == host.version)


def matches(entry: Entry, flow: dict[str, Any]) -> bool:
    """The rule of DESIGN section 4, word by word."""
    if entry.protocol is not None and flow["protocol"] != entry.protocol:
        return False
    if entry.start is not None and flow["last"] < entry.start:
        return False
    if entry.end is not None and flow["first"] > entry.end:
        return False
    if entry.attacker_macs:
        sides = [flow["src_mac"]] if flow["protocol"] == ARP else [flow["src_mac"], flow["dst_mac"]]
        if not set(sides) & set(entry.attacker_macs):
            return False
    if entry.arp_operation is not None and (flow["protocol"] != ARP or flow["arp_operation"] != entry.arp_operation):
        return False
    ports = {flow["src_port"], flow["dst_port"]} if flow["protocol"] in ported else set()
    if entry.ports and not ports & set(entry.ports):
        return False
    if entry.not_ports and ports & set(entry.not_ports):
        return False
    for attacker, victim in ((flow["src"], flow["dst"]), (flow["dst"], flow["src"])):
        if (
            (not entry.attackers or inside(attacker, entry.attackers))
            and (not entry.victims or inside(victim, entry.victims))
            and not inside(attacker, entry.not_attackers)
            and not inside(victim, entry.not_victims)
        ):
            return True
    return False


@given(st.lists(flow_rows, min_size=1, max_size=8), st.lists(entries, max_size=4))
def test_entries_match_as_the_oracle_says(rows: list[dict[str, Any]], given_entries: list[Entry]) -> None:
    rows = [row | {"last": row["first"] + 2} for row in rows]
    labels = label_flows(flows_table(*rows), Truth("x", tuple(given_entries)))
    for row, label in zip(rows, labels, strict=True):
        expected = next((n for n, entry in enumerate(given_entries) if matches(entry, row)), NO_ENTRY)
        assert label == expected


def test_no_flow_and_no_entry() -> None:
    assert len(label_flows(flows_table(), Truth("x"))) == 0
    assert label_flows(flows_table({}), Truth("x")).tolist() == [NO_ENTRY]


def test_otherwise_names_the_rest() -> None:
    document = {
        "format": "tenfold-truth/1",
        "entries": [{"family": "syn_flood", "victims": ["198.18.1.1"]}, {"family": "web_browsing", "ports": [81]}],
        "otherwise": "unknown",
    }
    flows = flows_table({}, {"dst": "198.18.1.9"}, {"dst": "198.18.1.9", "dst_port": 81})
    assert family_per_flow(flows, parse_truth(document, "t")).tolist() == ["syn_flood", "unknown", "benign"]


truth_rows = st.fixed_dictionaries(
    {
        "src": st.sampled_from(HOSTS[:3]),
        "dst": st.sampled_from(HOSTS[:3]),
        "src_port": st.sampled_from([8, 40000]),
        "dst_port": st.sampled_from([0, 80]),
        "protocol": st.sampled_from([1, 6, 17]),
        "first": st.integers(0, 30),
        "family": st.sampled_from(["syn_flood", "port_scan", "web_browsing"]),
    }
)


def same_key(a: dict[str, Any], b: dict[str, Any]) -> bool:
    if a["protocol"] != b["protocol"]:
        return False
    if a["protocol"] == 1:
        return a["src_port"] == b["src_port"] and {a["src"], a["dst"]} == {b["src"], b["dst"]}
    ends = [((r["src"], r["src_port"]), (r["dst"], r["dst_port"])) for r in (a, b)]
    return sorted(ends[0]) == sorted(ends[1])


@given(st.lists(truth_rows, max_size=8), st.lists(truth_rows, max_size=8))
def test_truth_rows_join_as_the_oracle_says(flow_list: list[dict[str, Any]], truth_list: list[dict[str, Any]]) -> None:
    # A meter never has two flows of one key at the same time: drop those that would overlap.
    flow_list = [row | {"last": row["first"] + 3} for row in flow_list]
    kept: list[dict[str, Any]] = []
    for row in flow_list:
        if not any(same_key(row, k) and row["first"] <= k["last"] and k["first"] <= row["last"] for k in kept):
            kept.append(row)
    truth_list = [row | {"last": row["first"] + 2} for row in truth_list]
    flows = flows_table(*[{k: v for k, v in row.items() if k != "family"} for row in kept])
    truth = truth_table(*truth_list)
    pairs = pair_truth(flows, truth)
    expected = {
        (t, f)
        for t, row in enumerate(truth_list)
        for f, flow in enumerate(kept)
        if same_key(row, flow) and row["first"] <= flow["last"] and flow["first"] <= row["last"]
    }
    found = list(zip(pairs.truth.tolist(), pairs.flow.tolist(), strict=True))
    assert len(found) == len(set(found))
    assert set(found) == expected
    names = families_of_pairs(len(kept), truth, pairs)
    for number, name in enumerate(names):
        mine = [truth_list[t]["family"] for t, f in expected if f == number]
        attacks = {family for family in mine if family != "web_browsing"}
        assert name in attacks if attacks else name == ("benign" if mine else "unknown")


def test_an_attempt_in_two_flows_and_two_attempts_in_one() -> None:
    flows = flows_table(
        {"first": 0, "last": 10 * SECOND}, {"first": 20 * SECOND, "last": 30 * SECOND}, {"dst_port": 81, "last": SECOND}
    )
    truth = truth_table(
        {"first": 0, "last": 25 * SECOND, "family": "syn_flood"},
        {
            "first": 21 * SECOND,
            "last": 22 * SECOND,
            "src": "198.18.1.1",
            "dst": "198.18.0.1",
            "src_port": 80,
            "dst_port": 40000,
        },
    )
    pairs = pair_truth(flows, truth)
    assert pairs.truth.tolist() == [0, 0, 1]
    assert pairs.flow.tolist() == [0, 1, 1]
    assert families_of_pairs(3, truth, pairs).tolist() == ["syn_flood", "syn_flood", "unknown"]
    assert family_per_flow(flows, truth).tolist() == ["syn_flood", "syn_flood", "unknown"]


def test_words_of_several_chunks() -> None:
    import pyarrow as pa

    table = pa.concat_tables(
        [truth_table({"family": "syn_flood"}), truth_table({"family": "port_scan"}), truth_table()]
    )
    assert words(table, "family").tolist() == ["syn_flood", "port_scan"]
    assert words(truth_table(), "family").tolist() == []


def test_which_names_are_attacks() -> None:
    assert is_attack(np.array(["benign", "syn_flood", "unknown", "web_browsing"], object)).tolist() == [
        False,
        True,
        False,
        False,
    ]
    with pytest.raises(Exception, match="no family is called"):
        is_attack(np.array(["nonsense"], object))
