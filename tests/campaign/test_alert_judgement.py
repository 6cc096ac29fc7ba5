"""A detector judged: what it caught by name, what by scope, what was false, what matched nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from campaign.alert_judgement import FALSE, REMARK, TRUE, UNJUDGED, UNMATCHED, Judged, Terms, card_of, judge_alerts
from campaign.family_map import family_map
from campaign.flow_words import NEVER
from contract.families import UNKNOWN
from tests.campaign import judged, recorded
from tests.campaign.recorded import Flow
from tests.campaign.tables import SECOND, truth_table

MAP = family_map()
STRANGER = Flow("web_attack", judged.START, judged.START, "198.18.200.1", "198.18.200.2", 1, 80, 6, "")


def judge(tmp_path: Path, records: list[dict[str, object]], **terms: int) -> Judged:
    _, read = judged.eve(tmp_path, records)
    return judge_alerts(read, judged.truth(), MAP, Terms(**terms))


def test_one_alert_of_a_threshold_covers_what_it_was_counted_from(tmp_path: Path) -> None:
    """ "Potential SSH Scan" fires once for many attempts: it names one of them, and is about all before it."""
    guesses = judged.flows("ssh_bruteforce")
    found = judge(tmp_path, [recorded.eve_alert(guesses[4])])
    card = card_of(found, judged.truth())
    row = card["families"]["ssh_bruteforce"]
    assert (row["detected"], row["named"], row["right_group"], row["right_family"]) == (6, 1, 6, 6)
    assert card["alerts"]["true"] == 1
    assert card["alerts"]["right_family"] == 1


def test_each_kind_of_alert_is_told_apart(tmp_path: Path) -> None:
    visit = judged.flows("web_browsing")[0]
    attack = replace(visit, family="web_attack")
    records = [
        recorded.eve_alert(judged.flows("web_attack")[0]),
        recorded.eve_alert(attack, visit.first + 1),
        recorded.eve_alert(STRANGER),
        recorded.eve_alert(visit),
    ]
    found = judge(tmp_path, records)
    assert sorted(found.what.tolist()) == sorted([TRUE, FALSE, UNMATCHED, REMARK])
    card = card_of(found, judged.truth())
    assert card["false_alarms"] == {"benign_flows": 4, "flagged": 1, "rate": 0.25, "alerts": 2}
    assert card["alerts"] == {
        "total": 3, "true": 1, "false": 2, "unmatched": 1, "unjudged": 0, "informational": 1, "right_group": 1,
        "right_family": 1,
    }  # fmt: skip
    assert card["confusion"]["benign"] == {"benign": 3, "web_attack": 1}


def test_a_remark_on_an_attack_detects_nothing(tmp_path: Path) -> None:
    record = recorded.eve_alert(judged.flows("web_attack")[0])
    record["alert"] |= {"signature": "SURICATA STREAM x", "category": "Generic Protocol Command Decode"}
    found = judge(tmp_path, [record])
    assert not found.flagged.any()
    assert found.what.tolist() == [REMARK]


def test_an_alert_that_nobody_mapped_detects_its_flow_and_names_no_family(tmp_path: Path) -> None:
    record = recorded.eve_alert(judged.flows("web_attack")[0])
    record["alert"] |= {"signature": "our own", "category": ""}
    found = judge(tmp_path, [record])
    row = card_of(found, judged.truth())["families"]["web_attack"]
    assert (row["detected"], row["right_group"]) == (1, 0)


def test_the_wrong_word_is_still_a_detection(tmp_path: Path) -> None:
    record = recorded.eve_alert(judged.flows("web_attack")[0])
    record["alert"] |= {"signature": "ET MALWARE x"}
    row = card_of(judge(tmp_path, [record]), judged.truth())["families"]["web_attack"]
    assert (row["detected"], row["right_group"], row["right_family"]) == (1, 0, 0)


def test_where_nobody_knows_an_alert_is_not_judged(tmp_path: Path) -> None:
    visit = judged.flows("web_browsing")[0]
    _, read = judged.eve(tmp_path, [recorded.eve_alert(replace(visit, family="web_attack"))])
    rows = [judged.row(0, family=UNKNOWN, src=judged.CLIENT, src_port=7000)]
    truth = replace(judged.truth(), table=truth_table(*rows))
    assert judge_alerts(read, truth, MAP, Terms()).what.tolist() == [UNJUDGED]


def test_latency_counts_from_the_intended_time(tmp_path: Path) -> None:
    attack = judged.flows("web_attack")[0]
    found = judge(tmp_path, [recorded.eve_alert(attack, attack.first + 300_000_000)])
    assert found.attempts.latency_ms[found.attempts.found].tolist() == [300.0]
    assert not found.live
    early = judge(tmp_path, [recorded.eve_alert(attack, attack.first - 2_000_000)])  # clocks are never the same
    assert early.attempts.latency_ms[early.attempts.found].tolist() == [0.0]


def test_a_clock_that_is_off_is_corrected_when_asked(tmp_path: Path) -> None:
    records = [recorded.eve_alert(flow, flow.first + 3600 * SECOND) for flow in judged.flows("web_attack")]
    assert not judge(tmp_path, records).flagged.any()
    assert judge(tmp_path, records, offset_ns=3600 * SECOND).flagged.sum() == 1


def test_no_alerts_at_all(tmp_path: Path) -> None:
    found = judge(tmp_path, [])
    card = card_of(found, judged.truth())
    assert card["alerts"]["total"] == 0
    assert (found.readable == NEVER).all()
    assert card["families"]["syn_flood"]["recall"] == 0.0
