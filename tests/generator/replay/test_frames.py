"""Batches in, batches out: counted, bounded, in order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from generator.replay import frames as frames_module
from generator.replay.frames import Rewriter, Survey
from generator.replay.mapping import AddressMap, Free
from generator.replay.reasons import REASONS
from generator.replay.rewrite import CUTS
from tests.generator.replay.helpers import batch, people_of, rewritten
from tests.generator.replay.packets import KINDS, made

MANY = [made(KINDS[n % len(KINDS)], lambda name: name, b"p" * (n % 50)) for n in range(120)]


def test_survey_and_rewriter_leave_out_the_same_frames() -> None:
    frames = batch([*MANY, b"", MANY[0][:20], MANY[1]], wire=[*map(len, MANY), 0, 70, 60 + len(MANY[1])])
    for cut in CUTS:
        survey = Survey(CUTS.index(cut))
        reasons = survey.add(frames)
        rewriter = Rewriter(AddressMap(survey.found, 1, 0, Free()).table, CUTS.index(cut))
        written = sum(len(part) for part in rewriter.batches(frames, lambda ts: ts))
        assert written == np.count_nonzero(reasons == 0)
        assert sum(rewriter.left_out.values()) == np.count_nonzero(reasons)


def test_parts_do_not_change_the_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = batch(MANY)
    people = people_of(frames)
    whole = rewritten(frames, people)[0]
    monkeypatch.setattr(frames_module, "_MOST_BYTES", 500)
    parts = list(Rewriter(people.table, 0).batches(frames, lambda ts: ts))
    assert len(parts) > 10
    assert [frame for part in parts for frame in part.column("frame").to_pylist()] == whole
    sliced = list(Rewriter(people.table, 0).batches(frames.slice(7, 30), lambda ts: ts))
    assert [frame for part in sliced for frame in part.column("frame").to_pylist()] == whole[7:37]


def test_the_clock_is_asked_for_the_frames_that_go_on() -> None:
    frames = batch([MANY[0], b"", MANY[1]])
    asked = []

    def clock(ts: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        asked.extend(ts.tolist())
        return ts * 0 + 7

    (part,) = Rewriter(people_of(frames).table, 0).batches(frames, clock)
    given = frames.column("ts").cast(pa.int64()).to_pylist()
    assert asked == [given[0], given[2]]
    assert part.column("ts").cast(pa.int64()).to_pylist() == [7, 7]


def test_packets_beyond_an_mtu_are_left_out() -> None:
    plain, tagged = (made(kind, lambda name: name, bytes(40)) for kind in ("udp", "vlan"))
    frames = batch([plain, tagged, plain[:-30]], wire=[len(plain), len(tagged), len(plain) + 9])
    people = people_of(frames)
    for cut, mtu, count in ((0, 80, 3), (0, 70, 2), (0, 60, 1), (1, 70, 1)):
        rewriter = Rewriter(people.table, cut, mtu)
        assert sum(len(part) for part in rewriter.batches(frames, lambda ts: ts)) == count
        assert np.count_nonzero(Survey(cut, mtu).add(frames) == 0) == count
        assert sum(rewriter.left_out.values()) == rewriter.left_out["too_long"] == 3 - count


def test_many_addresses_make_the_tables_grow() -> None:
    def frame(n: int) -> bytes:
        return MANY[KINDS.index("udp")][:26] + n.to_bytes(4, "big") + MANY[KINDS.index("udp")][30:]

    survey = Survey(0)
    survey.add(batch([frame(n * 77) for n in range(9000)]))
    assert int(survey.found.hosts.state[0]) == 9001
    assert survey.unlisted == 0


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (IP(proto=50) / bytes(40), "unread_protocol"),
        (IP(proto=33) / bytes(40), "unread_protocol"),
        (IP(proto=132) / bytes.fromhex(f"{0:024x}0100001c{0:032x}0005000808080808"), "unmapped_address"),
        (IP(proto=132) / bytes.fromhex(f"{0:024x}c100000800000000"), "stopped_by_gate"),
        (IP() / UDP(dport=6081) / bytes.fromhex("0000080000000700") / IP(dst="8.8.8.8") / UDP(), "unmapped_address"),
        (IP() / UDP(sport=1701, dport=1701) / bytes(40), "tunnel"),
        (IP() / UDP(dport=4500) / bytes(40), "tunnel"),
        (IP() / UDP(dport=6081) / b"a probe", ""),
    ],
)
def test_what_the_gate_does_not_read_is_left_out_and_told_by_reason(packet, reason: str) -> None:
    packet.src, packet.dst = "10.0.0.1", "10.0.0.2"
    frames = batch([bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet)])
    survey = Survey(0)
    told = REASONS[survey.add(frames)[0]]
    rewriter = Rewriter(AddressMap(survey.found, 1, 0, Free()).table, 0)
    written = sum(len(part) for part in rewriter.batches(frames, lambda ts: ts))
    assert told == reason
    assert (written, rewriter.left_out) == ((0, {reason: 1}) if reason else (1, {}))
