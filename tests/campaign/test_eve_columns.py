"""Many lines of EVE at once give what each gives alone, or nothing, so that they are taken alone."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

import pytest

from campaign.adapters import adapter
from campaign.adapters.eve import _Eve
from campaign.alert_record import BadLineError, ReadSettings
from campaign.alert_table import Gathering
from campaign.eve_columns import events_of
from tests.campaign import judged, recorded
from tests.campaign.gathered import plain

RNG = random.Random(8)
NAMED = recorded.eve_alert(judged.flows()[3])
NAMED["alert"] = NAMED["alert"] | {"metadata": {"mitre_technique_id": ["T1110.001", "T1046"], "x": ["y"]}}  # type: ignore[operator]
ECHO = {
    "event_type": "alert",
    "proto": "ICMP",
    "icmp_type": 8,
    "icmp_code": 0,
    "src_ip": "2001:2::1",
    "dest_ip": "2001:2::2",
}
LINES = [
    json.dumps(record).encode()
    for record in (
        *(recorded.eve_alert(flow, hours=flow.src_port % 3 - 1.5) for flow in judged.flows()),
        *map(recorded.eve_flow, judged.flows()),
        recorded.eve_stats(judged.START, 100, 3),
        NAMED,
        ECHO | {"timestamp": "2026-07-14T10:00:00.5Z", "alert": {"signature": "one ☂", "severity": None}},
        {"timestamp": "2026-07-14T10:00:00.000001+0000", "event_type": "alert", "alert": {}, "community_id": "1:x="},
        {"timestamp": "2026-07-14T10:00:00.000001+0000", "event_type": "http", "http": {"status": [1, {"a": "}\n{"}]}},
    )
]


def reader() -> _Eve:
    found = adapter("eve").reader(ReadSettings())
    assert isinstance(found, _Eve)
    return found


def one_by_one(lines: Sequence[bytes]) -> tuple[object, ...]:
    found, alone = Gathering(), reader()
    for at, line in enumerate(lines):
        for row in alone.take(line):
            found.add(row, line=at)
    return plain(found)


def together(lines: Sequence[bytes]) -> tuple[object, ...] | None:
    many = reader().take_many(lines)
    if many is None:
        return None
    found = Gathering()
    found.extend(many)
    return plain(found)


def test_the_same_as_one_by_one() -> None:
    found = together(LINES)
    assert found is not None
    assert found == one_by_one(LINES)


@pytest.mark.parametrize(
    "line",
    [
        b'{"timestamp":"2026-07-14T10:00:00.000001+0000","event_type":"x"}{}',
        b'{"timestamp":"2026-07-14T10:00:00.000001+0000","event_type":"x","a":"\xff"}',
        b'{"timestamp":"2026-07-14T10:00:00.000001+0000","event_type":"x","a":"\x01"}',
        b'{"timestamp":"2026-07-14T10:00:00.000001+0000","event_type":7}',
        b'{"timestamp":"2026-07-14T10:00:00.000001+0000"}',
        b'{"timestamp":"2026-07-14T10:00:00.000001+0000","event_type":"alert"}',
        b'{"timestamp":"2026-02-30T10:00:00.000001+0000","event_type":"alert","alert":{}}',
        b'{"timestamp":"2026-07-14T10:00:00.000001+0000","event_type":"alert","alert":{},"src_port":70000}',
        b'{"timestamp":"2026-07-14T10:00:00.000001+0000","event_type":"alert","alert":{},"src_ip":"nobody"}',
        b'{"a":[{}',
        b"[]",
    ],
)
def test_a_line_that_must_be_looked_at_alone(line: bytes) -> None:
    assert together([LINES[0], line, LINES[1]]) is None


def test_spoiled_lines_are_never_read_as_something_else() -> None:
    """Bytes changed, left out or put in anywhere: the fast way agrees with the slow one, or leaves it to it."""
    taken = 0
    for _ in range(600):
        lines = RNG.sample(LINES, 3)
        at = RNG.randrange(3)
        spot = RNG.randrange(len(lines[at]))
        put = RNG.choice(
            [b"", b"{", b"}", b"]", b'"', b",", b"0", b"-", b"\\", b"\xc3", b" ", b"\\ud800", b"e5", b"null"]
        )
        lines[at] = lines[at][:spot] + put + lines[at][spot + RNG.randrange(3) :]
        found = together(lines)
        if found is None:
            continue
        taken += 1
        try:
            alone = one_by_one(lines)
        except BadLineError as error:
            raise AssertionError(lines[at]) from error
        assert found == alone, lines[at]
    assert taken > 100


def test_a_record_over_two_lines_is_none() -> None:
    assert events_of([b'{"timestamp":"t","event_type":"x","a":{}', b'}{"timestamp":"t","event_type":"x"}']) is None
