"""What a detector says that it lost: Suricata's ``stats``, Zeek's ``capture_loss`` and ``stats`` logs.

Counters that only grow are counted from what they were when the campaign began; those of an interval are added up over
the intervals that ended within it. A counter that falls says that the program was started anew, and counts from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from campaign.alert_record import CountRow

Json = dict[str, Any]
_SLACK_NS: Final = 15 * 60 * 1_000_000_000  # Zeek sums up its losses every quarter of an hour
# (lost, of how many) for a share; the second may be a sum
_SHARES: Final = {
    "capture.kernel_drops": ("capture.kernel_packets",),
    "stats.pkts_dropped": ("stats.pkts_proc", "stats.pkts_dropped"),
    "capture_loss.gaps": ("capture_loss.acks",),
    "decoder.invalid": ("decoder.pkts",),
}
_LOSSES: Final = (
    "capture.kernel_drops",
    "capture.kernel_ifdrops",
    "detect.alert_queue_overflow",
    "tcp.segment_memcap_drop",
    "tcp.ssn_memcap_drop",
    "flow.memcap",
    "flow.emerg_mode_entered",
    "stats.pkts_dropped",
    "capture_loss.gaps",
)


def losses(counts: Sequence[CountRow], span: tuple[int, int]) -> Json:
    """``counters`` over the campaign, ``lost`` (those that mean a loss and are not 0), ``shares``, ``records`` read."""
    rows = sorted(counts, key=lambda row: row.time)
    running = [row for row in rows if row.running]
    counters = _grown(running, span)
    for row in rows:
        if not row.running and span[0] <= row.time <= span[1] + _SLACK_NS:
            for name, value in row.values.items():
                counters[name] = counters.get(name, 0.0) + value
    shares = {
        name: round(counters[name] / whole, 6)
        for name, parts in _SHARES.items()
        if name in counters and (whole := sum(counters.get(part, 0.0) for part in parts))
    }
    return {
        "records": len(rows),
        "counters": {name: _plain(value) for name, value in sorted(counters.items())},
        "lost": {name: _plain(counters[name]) for name in _LOSSES if counters.get(name)},
        "shares": shares,
    }


def _grown(rows: Sequence[CountRow], span: tuple[int, int]) -> dict[str, float]:
    before = [row for row in rows if row.time < span[0]]
    base = dict(before[-1].values) if before else {}
    grown: dict[str, float] = {}
    for row in rows[len(before) :]:
        for name, value in row.values.items():
            last = base.get(name, 0.0)
            grown[name] = grown.get(name, 0.0) + (value - last if value >= last else value)
            base[name] = value
    return grown


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else round(value, 6)
