from __future__ import annotations

import pytest

from generator.conversation import Conversation
from generator.exchange import describe
from tests.generator.helpers import world


def flags(conversation: Conversation, version: int = 4) -> list[tuple[str, int]]:
    return [(d["from"][0], d["flags"]) for d in map(describe, conversation.frames(version))]


def test_a_handshake_is_syn_synack_ack() -> None:
    assert flags(Conversation.tcp(world()).open()) == [("c", 2), ("s", 18), ("c", 16)]


def test_a_closed_port_refuses_with_rst_ack() -> None:
    assert flags(Conversation.tcp(world()).send("S").refuse()) == [("c", 2), ("s", 20)]


@pytest.mark.parametrize(
    ("how", "tail"),
    [
        ("fin", [("c", 17), ("s", 17), ("c", 16)]),
        ("server_fin", [("s", 17), ("c", 17), ("s", 16)]),
        ("rst", [("c", 20)]),
        ("server_rst", [("s", 20)]),
    ],
)
def test_connections_end_as_asked(how, tail) -> None:
    assert flags(Conversation.tcp(world()).open().close(how))[3:] == tail


def test_a_retransmission_repeats_the_segment() -> None:
    frames = Conversation.tcp(world()).send("S").repeat(think=1.0).frames(4)
    assert frames[1].seq == frames[0].seq
    assert frames[1].gap_ns == pytest.approx(1e9)
