from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from generator.conversation import Conversation, Rand
from generator.payload import ALPHABETS, KINDS
from generator.template import compile_conversations
from tests.generator.helpers import arp_kind, every_kind, world

HERE = world()
MADE = every_kind(HERE) + arp_kind(HERE)
TEMPLATE = compile_conversations(MADE)
VARIANTS = [
    (2 * number + half, talk.frames(version)) for number, talk in enumerate(MADE) for half, version in ((0, 4), (1, 6))
]


def rows(variant: int) -> slice:
    return slice(int(TEMPLATE.first[variant]), int(TEMPLATE.first[variant + 1]))


def test_a_conversation_has_an_ipv4_and_an_ipv6_variant_with_all_its_frames() -> None:
    assert len(TEMPLATE.first) == 2 * len(MADE) + 1
    assert TEMPLATE.first[-1] == len(TEMPLATE.start)
    for variant, frames in VARIANTS:
        here = rows(variant)
        assert here.stop - here.start == len(frames)
        arp = frames[0].kind == 0
        assert set(TEMPLATE.version[here].tolist()) == {0 if arp else 4 + 2 * (variant % 2)}
        for name in ("kind", "reverse", "quotes", "ipid", "times_at"):
            assert getattr(TEMPLATE, name)[here].tolist() == [getattr(frame, name) for frame in frames], name
        assert TEMPLATE.seq[here].tolist() == [frame.seq for frame in frames]
        assert [
            a if has else -1 for a, has in zip(TEMPLATE.ack[here].tolist(), TEMPLATE.has_ack[here], strict=True)
        ] == [frame.ack for frame in frames]


def test_frames_lie_one_behind_the_other_with_their_payload() -> None:
    ends = TEMPLATE.start + TEMPLATE.length
    assert TEMPLATE.start[0] == 0
    assert np.array_equal(TEMPLATE.start[1:], ends[:-1])
    assert ends[-1] == len(TEMPLATE.blob)
    for variant, frames in VARIANTS:
        for row, frame in zip(range(*rows(variant).indices(10**9)), frames, strict=True):
            whole = TEMPLATE.blob[TEMPLATE.start[row] : ends[row]].tobytes()
            assert whole[len(frame.header) :] == frame.content.data
            assert len(whole) == len(frame.header) + len(frame.content.data)


def test_random_parts_stand_where_the_frame_has_them_and_are_zero_so_far() -> None:
    row = 0
    for _, frames in VARIANTS:
        for frame in frames:
            parts = range(TEMPLATE.part_first[row], TEMPLATE.part_first[row + 1])
            for part, wanted in zip(parts, frame.content.parts, strict=True):
                place = int(TEMPLATE.part_at[part]) - len(frame.header)
                found = [
                    int(c[part])
                    for c in (TEMPLATE.part_length, TEMPLATE.part_kind, TEMPLATE.part_key, TEMPLATE.part_skip)
                ]
                assert (place, *found) == tuple(wanted)
                low = int(TEMPLATE.start[row] + TEMPLATE.part_at[part])
                assert not TEMPLATE.blob[low : low + wanted.length].any()
            row += 1
    assert len(TEMPLATE.part_at) > 20


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
        for step, frame in zip(TEMPLATE.step[rows(variant)].tolist(), frames, strict=True):
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


@pytest.mark.parametrize("kind", KINDS)
def test_a_random_byte_becomes_each_character_about_as_often(kind: str) -> None:
    characters = ALPHABETS[kind] or bytes(range(256))
    counts = Counter(TEMPLATE.alphabet[KINDS.index(kind)].tobytes())
    assert set(counts) == set(characters)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_no_conversations_are_a_template_of_nothing() -> None:
    empty = compile_conversations([])
    assert (len(empty.blob), len(empty.start), len(empty.part_at)) == (0, 0, 0)
    assert (empty.first.tolist(), empty.part_first.tolist()) == ([0], [0])
    assert (empty.ports.shape, empty.hops.shape) == ((0, 2), (0, 4))
    wanted = compile_conversations([Conversation.udp(HERE).client(Rand(3))])
    assert [column.dtype for column in empty] == [column.dtype for column in wanted]
