"""How soon entries were found: what counts as in time, and what is said of what was late."""

from __future__ import annotations

from typing import Any

from benchmarks.time_to_detect import by_group, found_entries, lines


def _row(capture: str, family: str, seconds: float | None, begun: int, ended: int = 0) -> dict[str, Any]:
    entry = {
        "family": family,
        "detected": seconds is not None,
        "time_to_detect_s": seconds,
        "flows_to_detect": begun,
        "flows_ended_to_detect": ended,
    }
    return {"capture": capture, "entries": [entry]}


ROWS = [
    _row("fast", "port_scan", 0.2, 400),
    _row("slow", "host_sweep", 1.7, 16),
    _row("missed", "port_scan", None, 0),
    _row("guessed", "ssh_bruteforce", 30.0, 10, 9),
    _row("many-at-once", "ssh_bruteforce", 0.1, 16, 3),
    _row("leak", "exfiltration", 12.0, 1),
]


def test_scans_are_asked_for_in_seconds_and_guessing_in_sessions() -> None:
    table = by_group(found_entries(ROWS))
    assert (table["recon"]["found"], table["recon"]["in_time"]) == (2, 1)
    assert (table["credential"]["found"], table["credential"]["in_time"]) == (2, 1)
    assert table["credential"]["flows_begun_most"] == 16
    assert table["exfiltration"]["in_time"] is None


def test_what_was_late_is_named_with_what_it_took() -> None:
    late = [line for line in lines(found_entries(ROWS)) if line.startswith("late")]
    assert len(late) == 2
    assert "many-at-once" in late[0]
    assert "16 flows begun, 3 ended" in late[0]
    assert "slow" in late[1]
    assert "1.70 s" in late[1]
