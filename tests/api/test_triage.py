from __future__ import annotations

import orjson

from api.triage import FILE, Triage


def test_the_last_decision_counts_and_another_reader_sees_it(tmp_path):
    one, other = Triage(), Triage()
    assert one.of(tmp_path) == {}
    one.decide(tmp_path, ["3", "4"], "archived", "a drill", "amy", 1_000_000_000)
    assert {alert: mark["state"] for alert, mark in other.of(tmp_path).items()} == {"3": "archived", "4": "archived"}
    other.decide(tmp_path, ["3"], "escalated", None, "bob", 2_000_000_000)
    assert one.of(tmp_path)["3"] == {
        "state": "escalated",
        "note": "a drill",
        "at": "1970-01-01T00:00:02.000000Z",
        "by": "bob",
    }


def test_a_line_that_is_half_written_or_damaged_does_no_harm(tmp_path):
    triage = Triage()
    triage.decide(tmp_path, ["3"], "archived", "", "amy", 1)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"alert_id": 7}\nno json\n[]\n{"alert_id": "9", "state": "esc')
    assert list(triage.of(tmp_path)) == ["3"]
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'alated"}\n')
    assert triage.of(tmp_path)["9"]["state"] == "escalated"


def test_a_file_full_of_old_decisions_is_written_anew(tmp_path):
    triage = Triage()
    for turn in range(5):
        triage.decide(tmp_path, [str(n) for n in range(1000)], "archived" if turn % 2 else "new", "", "amy", turn)
    lines = (tmp_path / FILE).read_bytes().splitlines()
    assert len(lines) == 1000
    assert orjson.loads(lines[0])["state"] == "new"
    assert len(triage.of(tmp_path)) == 1000
