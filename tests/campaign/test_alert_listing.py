"""Alerts by signature, and every one that matched nothing."""

from __future__ import annotations

from pathlib import Path

import pyarrow.csv as pc_csv
import pytest

from campaign.alert_judgement import Terms, judge_alerts
from campaign.alert_listing import listing, mistaken, worst_missed, write_unmatched
from campaign.family_map import family_map
from contract.errors import InputError
from tests.campaign import judged, recorded
from tests.campaign.test_alert_judgement import STRANGER


def test_unmatched_alerts_are_listed_to_the_last(tmp_path: Path) -> None:
    records = [recorded.eve_alert(STRANGER, STRANGER.first + n * 1000) for n in range(250)]
    bare = recorded.eve_alert(STRANGER)
    del bare["src_ip"], bare["src_port"]
    detector, read = judged.eve(tmp_path, [*records, bare, recorded.eve_alert(judged.flows("web_attack")[0])])
    found = judge_alerts(read, judged.truth(), family_map(), Terms())
    said = listing(found, read.files)
    assert said["unmatched"]["total"] == 251
    assert len(said["unmatched"]["examples"]) == 100
    (row,) = said["signatures"]
    assert (row["alerts"], row["true"], row["unmatched"], row["family"]) == (252, 1, 251, "web_attack")
    path = tmp_path / "unmatched.csv"
    assert write_unmatched(found, read.files, path) == 251
    table = pc_csv.read_csv(path)
    assert table.num_rows == 251
    assert table.column("line").to_pylist()[0] == 1
    assert detector.name == "suricata"
    with pytest.raises(InputError, match="cannot write"):
        write_unmatched(found, read.files, tmp_path / "no" / "x.csv")


def test_the_largest_missed_flows_come_first(tmp_path: Path) -> None:
    truth = judged.truth()
    rows = worst_missed(truth, ~truth.attack)
    assert [row["family"] for row in rows].count("ssh_bruteforce") == 5
    assert rows[0]["dst_port"] == 22
    assert worst_missed(truth, truth.attack) == []


def test_ordinary_flows_that_were_called_an_attack(tmp_path: Path) -> None:
    browsing = judged.flows("web_browsing")
    alert = recorded.eve_alert(browsing[0])
    alert["alert"] = recorded.eve_alert(judged.flows("web_attack")[0])["alert"]
    _, read = judged.eve(tmp_path, [alert])
    found = mistaken(judge_alerts(read, judged.truth(), family_map(), Terms()), judged.truth())
    assert found["by_family"]["web_browsing"] == {"flows": len(browsing), "flagged": 1}
    (row,) = found["examples"]
    assert (row["truth"], row["said"], row["flows"]) == ("web_browsing", "web_attack", 1)
    assert (row["src"], row["dst_port"]) == (browsing[0].src, browsing[0].dst_port)
    assert row["signature"] == alert["alert"]["signature"]
