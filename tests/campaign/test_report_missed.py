"""Missed attempts and false alarms as a report tells them."""

from __future__ import annotations

from campaign.report_content import content
from campaign.report_missed import mistaken
from campaign.runfolder import read_json, write_json
from tests.campaign.runs import finished


def test_a_missed_attempt_is_told_with_its_time_and_a_filter(tmp_path):
    folder = finished(tmp_path)
    card = read_json(folder.scorecard)
    started = read_json(folder.state)["started_ns"]
    example = {"src": "198.18.0.1", "dst": "198.18.0.9", "src_port": 1025, "dst_port": 80, "protocol": 6}
    example |= {"family": "syn_flood", "attempt": 1, "frames": 2, "why": "suspected", "nearest": None}
    example |= {"intended_ns": started + 1_500_000_000, "last_ns": started + 1_600_000_000}
    example["flow"] = {"flow_id": 1, "frames": 2, "benign_score": 0.2}
    card["missed"] = {"total": 1, "why": {"syn_flood": {"suspected": 1}}, "examples": [example]}
    write_json(folder.scorecard, card)
    found = content(folder)["missed"]
    row = found["examples"][0]
    assert (row["at_s"], row["lasted_s"], row["rank"]) == (1.5, 0.1, 0)
    assert row["display_filter"] == (
        "ip.addr == 198.18.0.1 && ip.addr == 198.18.0.9 && tcp.port == 1025 && tcp.port == 80"
    )
    assert row["because"].endswith("(attack 0.80)")
    assert found["families"] == [{"family": "syn_flood", "missed": 1, "of": 100, "why": {"suspected": 1}}]


def test_ordinary_families_that_were_mistaken_most_come_first():
    example = {
        "src": "2001:2::1",
        "dst": "2001:2::2",
        "src_port": 5,
        "dst_port": 53,
        "protocol": 17,
        "first_ns": 2 * 10**9,
    }
    rows = {"web_browsing": {"flows": 9, "flagged": 0}, "dns_lookup": {"flows": 3, "flagged": 2}}
    found = mistaken({"mistaken": {"by_family": rows, "examples": [example]}}, 10**9)
    assert [row["family"] for row in found["families"]] == ["dns_lookup", "web_browsing"]
    assert found["examples"][0]["at_s"] == 1.0
    assert found["examples"][0]["display_filter"].startswith("ipv6.addr == 2001:2::1 && ipv6.addr == 2001:2::2 && udp")
    assert mistaken({}, 0) == {"families": [], "examples": [], "alerts": []}
