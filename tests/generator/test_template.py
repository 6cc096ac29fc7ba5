from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from generator.conversation import Conversation, Rand
from generator.lanes import STEP
from generator.template import compile_conversations
from tests.generator.helpers import arp_kind, every_kind, world

HERE = world()
MADE = every_kind(HERE) + arp_kind(HERE)
TEMPLATE = compile_conversations(MADE)
VARIANTS = [
    (2 * number + half, talk.frames(version)) for number, talk in enumerate(MADE) for half, version in ((0, 4), (1, 6))
]


FRAMES = TEMPLATE.frames


def rows(variant: int) -> slice:
    return slice(int(TEMPLATE.first[variant]), int(TEMPLATE.first[variant + 1]))


def test_a_conversation_has_an_ipv4_and_an_ipv6_variant_with_all_its_frames() -> None:
    assert len(TEMPLATE.first) == 2 * len(MADE) + 1
    assert TEMPLATE.first[-1] == len(FRAMES)
    for variant, frames in VARIANTS:
        here = rows(variant)
        assert here.stop - here.start == len(frames)
        arp = frames[0].kind == 0
        assert set(FRAMES["version"][here].tolist()) == {0 if arp else 4 + 2 * (variant % 2)}
        for name in ("kind", "reverse", "quotes", "ipid", "times_at"):
            assert FRAMES[name][here].tolist() == [getattr(frame, name) for frame in frames], name
        assert FRAMES["seq"][here].tolist() == [frame.seq for frame in frames]
        found = zip(FRAMES["ack"][here].tolist(), FRAMES["has_ack"][here], strict=True)
        assert [ack if has else -1 for ack, has in found] == [frame.ack for frame in frames]
        for row in FRAMES[here]:
            side = 2 * int(row["reverse"])
            assert (row["hops_least"], row["hops_most"]) == MADE[variant // 2].hops[side : side + 2]


def test_frames_lie_one_behind_the_other_with_their_payload() -> None:
    start, ends = FRAMES["start"], FRAMES["start"] + FRAMES["length"]
    assert start[0] == 0
    assert np.array_equal(start[1:], ends[:-1])
    assert ends[-1] + STEP == len(TEMPLATE.blob)
    for variant, frames in VARIANTS:
        for row, frame in zip(range(*rows(variant).indices(10**9)), frames, strict=True):
            whole = TEMPLATE.blob[start[row] : ends[row]].tobytes()
            assert whole[len(frame.header) :] == frame.content.data
            assert len(whole) == len(frame.header) + len(frame.content.data)


def test_random_parts_stand_where_the_frame_has_them_and_are_zero_so_far() -> None:
    row = 0
    for _, frames in VARIANTS:
        for frame in frames:
            assert shown(TEMPLATE, row) == wanted(frame)
            start = int(FRAMES[row]["start"])
            assert not any(TEMPLATE.blob[start + at] for at in shown(TEMPLATE, row))
            row += 1
    assert len(TEMPLATE.parts) > 20


def shown(template, row: int) -> dict[int, tuple[int, int, int]]:
    """Place in the frame -> kind, key and place in the value of each random byte, as the template says."""
    found = {}
    for part in template.parts[template.frames[row]["part_first"] : template.frames[row]["part_end"]]:
        at, length, skip, mask = (int(part[name]) for name in ("at", "length", "skip", "mask"))
        for k in range(length):
            if mask < 0 or template.masks[mask + k]:
                found[at + k] = (int(part["kind"]), int(part["key"]), skip + k)
    return found


def wanted(frame) -> dict[int, tuple[int, int, int]]:
    """The same as the frame says."""
    head = len(frame.header)
    return {head + p.at + k: (p.kind, p.key, p.skip + k) for p in frame.content.parts for k in range(p.length)}


def test_neighbouring_random_parts_are_one_with_a_mask_over_the_text_between_them() -> None:
    payload = [
        b"a",
        Rand(3),
        b"--",
        Rand(2),
        Rand(2),
        b"-",
        Rand(4, "hex"),
        b"-",
        Rand(2, key="own"),
        bytes(65),
        Rand(9),
    ]
    talk = Conversation.tcp(HERE).open().client(payload).client(payload).client(payload[1:3] * 900)
    template = compile_conversations([talk])
    for row, frame in enumerate(frame for version in (4, 6) for frame in talk.frames(version)):
        assert shown(template, row) == wanted(frame)
        start, parts = int(template.frames[row]["start"]), frame.content.parts
        assert not any(template.blob[start + at] for at in shown(template, row))
        run = int(template.frames[row]["part_end"]) - int(template.frames[row]["part_first"])
        assert run == (4 if len(parts) == 6 else min(len(parts), 1))
    assert len(np.unique(template.parts["mask"])) < len(template.parts) / 2, "the same mask is kept once"


def test_a_timestamp_echoes_the_last_one_of_the_other_side() -> None:
    echoes = 0
    for variant, frames in VARIANTS:
        found = TEMPLATE.echo[rows(variant)].tolist()
        for number, frame in enumerate(frames):
            others = [k for k in range(number) if frames[k].times_at and frames[k].reverse != frame.reverse]
            assert found[number] == (number - others[-1] if frame.times_at and others else 0)
        echoes += sum(back > 0 for back in found)
    assert echoes > 20


def test_steps_count_what_the_same_side_sent_before() -> None:
    for variant, frames in VARIANTS:
        sent: Counter[bool] = Counter()
        for step, frame in zip(FRAMES["step"][rows(variant)].tolist(), frames, strict=True):
            assert step == sent[frame.reverse]
            sent[frame.reverse] += 1


def test_the_first_frame_leaves_when_it_is_intended_and_the_others_after_it() -> None:
    template = compile_conversations(
        [Conversation.udp(HERE).pause(3.0).client(b"x", think=2.0).client(b"y", think=0.5)]
    )
    assert template.gap_ns.tolist() == [0, 0.5e9, 0, 0.5e9]
    assert template.gap_rtt.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("make", "flows"),
    [
        (lambda: Conversation.tcp(HERE).send("S"), [(6, -1, -1)] * 2),
        (lambda: Conversation.udp(HERE).client(b"x"), [(17, -1, -1)] * 2),
        (lambda: Conversation.icmp(HERE).ping(), [(1, 8, 0), (58, 128, 0)]),
        (lambda: Conversation.ip(HERE, 47).client(b"x"), [(47, 0, 0)] * 2),
        (lambda: Conversation.arp(HERE).is_at(), [(0x0806, 0, 0)] * 2),
    ],
)
def test_a_variant_knows_protocol_and_ports_of_its_flow(make, flows) -> None:
    template = compile_conversations([make()])
    found = [(int(p), *map(int, ports)) for p, ports in zip(template.protocol, template.ports, strict=True)]
    assert found == flows


def test_no_conversations_are_a_template_of_nothing() -> None:
    empty = compile_conversations([])
    assert (len(empty.frames), len(empty.parts), empty.first.tolist(), empty.ports.shape) == (0, 0, [0], (0, 2))
    wanted = compile_conversations([Conversation.udp(HERE).client(Rand(3))])
    assert [column.dtype for column in empty] == [column.dtype for column in wanted]
