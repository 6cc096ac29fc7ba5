"""Against the same told frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from generator.columns import rows_of
from generator.conversation import Conversation
from generator.exchange import ARP, Frame
from generator.headers import LINK
from tests.generator.helpers import arp_kind, every_kind, world

HERE = world()


def fragments(here: Any) -> list[Conversation]:
    return [
        Conversation.udp(here).datagram(b"x" * 4000).datagram(b"y" * 3000, from_client=False).client(b"z"),
        Conversation.icmp(here).ping(b"x" * 5000, think=0.1),
    ]


def naive(variants: list[list[Frame]], base: int) -> tuple[list[dict[str, Any]], list[Frame]]:
    """The rows and the datagrams that were cut, one frame after the other."""
    rows: list[dict[str, Any]] = []
    wholes: list[Frame] = []
    for frames in variants:
        first, sent, cut = base + len(rows), [0, 0], {}
        stamped = [-1, -1]
        for number, frame in enumerate(frames):
            side = 1 if frame.reverse else 0
            before = sent[side] if frame.whole is None else cut.setdefault(id(frame.whole), sent[side])
            sent[side] += before == sent[side]
            heard = stamped[1 - side]
            if frame.whole is not None and not any(frame.whole is one for one in wholes):
                wholes.append(frame.whole)
            place = next((k for k, one in enumerate(wholes) if one is frame.whole), -1)
            row = {
                "length": len(frame.header) + len(frame.content.data),
                "version": 0 if frame.kind == ARP else frame.version,
                "aside": first if frame.quotes else -1 if place < 0 else -2 - place,
                "aside_at": LINK if frame.quotes else frame.whole_at,
                "seq": frame.seq & 0xFFFFFFFF,
                "ack": max(frame.ack, 0),
                "has_ack": int(frame.ack >= 0),
                "echo": number - heard if frame.times_at and heard >= 0 else 0,
                "step": before,
                "gap_rtt": frame.gap_rtt if number else 0.0,
                "gap_ns": float(frame.gap_ns) if number else 0.0,
            }
            for name in ("kind", "reverse", "quotes", "times_at", "sack_at", "ipid", "jitter"):
                row[name] = getattr(frame, name)
            rows.append(row)
            if frame.times_at:
                stamped[side] = number
    return rows, wholes


@pytest.mark.parametrize("make", [every_kind, arp_kind, fragments], ids=lambda make: make.__name__)
def test_columns_are_what_each_frame_says(make) -> None:
    variants = [talk.frames(version) for talk in make(HERE) for version in (4, 6)]
    first = np.concatenate([[0], np.cumsum([len(frames) for frames in variants])])
    known: dict[int, tuple[Frame, int]] = {}
    found = rows_of([frame for frames in variants for frame in frames], first, 1000, known)
    wanted, wholes = naive(variants, 1000)
    for name, column in zip(found._fields, found, strict=True):
        assert column.tolist() == [row[name] for row in wanted], name
    assert [frame for frame, _ in known.values()] == wholes
    assert [number for _, number in known.values()] == list(range(len(wholes)))


def test_an_error_that_quotes_a_fragment_is_refused() -> None:
    talk = Conversation.udp(HERE).datagram(b"x" * 4000).unreachable(3)
    frames = talk.frames(4)
    with pytest.raises(ValueError, match="cannot quote a fragment"):
        rows_of(frames, np.array([0, len(frames)]), 0, {})


def test_no_frames_are_columns_of_nothing() -> None:
    none, one = rows_of([], np.zeros(1, np.int64), 0, {}), Conversation.udp(HERE).client(b"x").frames(4)
    some = rows_of(one, np.array([0, 1]), 0, {})
    assert [len(column) for column in none] == [0] * len(none)
    assert [column.dtype for column in none] == [column.dtype for column in some]
