from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator.conversation import Conversation, Rand
from generator.rendering import render
from generator.template import FRAME
from tests.generator.helpers import arp_kind, every_kind, plan_of
from tests.generator.oracle_stamp import Naive
from tests.generator.test_stamp import all_due


@pytest.mark.parametrize("vlan", [0, 0x0064])
def test_every_frame_is_the_one_of_a_naive_stamp(vlan: int) -> None:
    plan = plan_of(every_kind, n=26)
    table = plan.table._replace(vlan=np.where(np.arange(26) % 5 == 0, 0, vlan).astype(np.uint16))
    plan = replace(plan, table=table)
    due = all_due(plan)
    frames = render(plan, due).column("frame").to_pylist()
    for got, (ts, attempt, row, echo) in zip(frames, zip(*(c.tolist() for c in due), strict=True), strict=True):
        assert got == Naive(plan, attempt, row).bytes(ts, echo)


def test_every_arp_frame_is_the_one_of_a_naive_stamp() -> None:
    plan = plan_of(arp_kind, n=9, ipv6=False)
    for vlan in (0, 7):
        tagged = replace(plan, table=plan.table._replace(vlan=np.full(9, vlan, np.uint16)))
        due = all_due(tagged)
        for number, got in enumerate(render(tagged, due).column("frame").to_pylist()):
            assert got == Naive(tagged, int(due.attempt[number]), int(due.frame[number])).bytes(0, 0)


def lists(world) -> list[Conversation]:
    """Random pieces of all lengths near each other and far apart, cut by segments at any place."""
    pieces = [
        piece for k in range(1, 20) for piece in (Rand(k, "bytes" if k % 3 else "hex"), bytes([k]) * (k * 5 % 23))
    ]
    talk = Conversation.tcp(world).open().client(pieces).server([*pieces * 9, Rand(2000, "base64"), b"."])
    return [talk, Conversation.udp(world).client(pieces).server([b"x", *pieces[::-1]])]


def test_random_pieces_and_the_text_between_them_are_those_of_a_naive_stamp() -> None:
    plan = plan_of(lists, n=8)
    due = all_due(plan)
    frames = render(plan, due).column("frame").to_pylist()
    assert plan.template.parts["mask"].max() > 0
    for number, got in enumerate(frames):
        attempt, row = int(due.attempt[number]), int(due.frame[number])
        assert got == Naive(plan, attempt, row).bytes(int(due.ts[number]), int(due.echo[number]))


def test_what_the_stamp_must_know_of_a_frame_is_one_cache_line() -> None:
    assert FRAME.itemsize == 64
