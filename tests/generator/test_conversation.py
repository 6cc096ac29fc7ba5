from __future__ import annotations

import pytest

from generator.conversation import Conversation
from generator.exchange import describe
from generator.path import CLEAN
from tests.generator.helpers import world


def talk() -> Conversation:
    return Conversation.tcp(world(), path=CLEAN)


def flags(conversation: Conversation, version: int = 4) -> list[tuple[str, int]]:
    return [(d["from"][0], d["flags"]) for d in map(describe, conversation.frames(version))]


def test_a_handshake_is_syn_synack_ack() -> None:
    assert flags(talk().open()) == [("c", 2), ("s", 18), ("c", 16)]


def test_a_closed_port_refuses_with_rst_ack() -> None:
    assert flags(talk().send("S").refuse()) == [("c", 2), ("s", 20)]


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
    assert flags(talk().open().close(how))[3:] == tail


def test_a_retransmission_repeats_the_segment() -> None:
    frames = talk().send("S").repeat(think=1.0).frames(4)
    assert frames[1].seq == frames[0].seq
    assert frames[1].gap_ns == pytest.approx(1e9)


def test_an_icmp_message_may_be_of_any_type() -> None:
    made = Conversation.icmp(world()).icmp_message(13, 0, [b"\x12\x34\x00\x01", bytes(12)])
    frame = made.icmp_message(14, 0, bytes(16), from_client=False).frames(4)
    assert [f.header[34:36] for f in frame] == [b"\x0d\x00", b"\x0e\x00"]
    assert [f.reverse for f in frame] == [False, True]
    assert [len(f.header + f.content.data) for f in frame] == [54, 54]


def test_a_narrow_client_never_opens_its_window() -> None:
    made = Conversation.tcp(world()).narrow(128).open().client(b"GET").server(bytes(5000)).close("fin")
    for version in (4, 6):
        network = 34 if version == 4 else 54
        windows = {frame.header[network + 14 : network + 16] for frame in made.frames(version) if not frame.reverse}
        assert windows == {b"\x00\x80"}
