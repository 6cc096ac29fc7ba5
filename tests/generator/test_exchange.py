from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from generator import headers
from generator.conversation import Conversation, Rand
from generator.exchange import describe
from generator.path import CLEAN, Path
from tests.generator.follower import follow
from tests.generator.helpers import world

# One side says that many bytes after that long; sizes of none, some and many segments.
SAID = st.tuples(st.booleans(), st.integers(0, 60_000), st.sampled_from([0.0, 0.01, 0.3]))
HERE = world()


def spoken(script: list[tuple[bool, int, float]], how: str, near: str, path: Path = CLEAN) -> Conversation:
    talk = Conversation.tcp(HERE, near=near, path=path).open()
    for from_client, size, think in script:
        talk = (talk.client if from_client else talk.server)(b"x" * size, think=think)
    return talk.close(how)


@settings(max_examples=25)
@given(
    st.lists(SAID, max_size=6), st.sampled_from(["fin", "server_fin"]), st.sampled_from(["client", "server", "middle"])
)
def test_numbers_follow_what_was_said_and_all_of_it_is_acknowledged(script, how: str, near: str) -> None:
    talk = spoken(script, how, near)
    for version in (4, 6):
        frames = talk.frames(version)
        seen = follow(frames)
        assert seen.open_holes == seen.repeated == 0
        assert seen.unacknowledged == [0, 0]
        for reverse in (False, True):
            said = sum(len(frame.content.data) for frame in frames if frame.reverse == reverse)
            assert said == sum(size for from_client, size, _ in script if from_client != reverse)
        assert max(len(frame.header) + len(frame.content.data) for frame in frames) <= 1514
        assert all(frame.gap_rtt >= 0 and frame.gap_ns >= 0 for frame in frames)
        assert frames[0].gap_rtt == 0


@pytest.mark.parametrize(("near", "least", "most"), [("server", 0.0, 0.2), ("client", 0.8, 1.0), ("middle", 0.3, 0.7)])
def test_an_answer_takes_its_share_of_the_round_trip(near: str, least: float, most: float) -> None:
    talk = Conversation.udp(HERE, near=near).client(b"q").server(b"a").client(b"q").server(b"a")
    gaps = [frame.gap_rtt for frame in talk.frames(4)]
    # From the monitor to the server and back, then to the client and back.
    assert least <= gaps[1] == gaps[3] <= most
    assert gaps[1] + gaps[2] == pytest.approx(1.0)
    near_end = slice(0, 2) if near == "client" else slice(2, 4)
    assert near == "middle" or max(talk.hops[near_end]) <= 2


def test_the_window_is_scaled_only_when_both_offered_it() -> None:
    def windows(server: str) -> list[int]:
        talk = Conversation.tcp(HERE, client_os="linux-4", server_os=server, path=CLEAN).open().close("rst")
        return [Ether(frame.header)[TCP].window for frame in talk.frames(4)]

    linux = HERE.habits.stacks["linux-4"]
    assert windows("netbsd")[::2] == [linux.window, linux.window >> linux.scale]
    assert windows("contiki")[::2] == [linux.window, linux.window]
    assert windows("netbsd")[3] == 0  # a reset offers none


def test_a_window_grows_with_what_is_taken_and_never_beyond_its_field() -> None:
    talk = Conversation.tcp(HERE, client_os="linux-4", server_os="linux", path=CLEAN).open()
    talk.client(b"get").server(b"x" * 400_000).close()
    windows = [Ether(frame.header)[TCP].window for frame in talk.frames(4) if not frame.reverse][1:]
    assert windows == sorted(windows)
    assert windows[-1] > 2 * windows[0]


def test_timestamps_start_with_the_handshake_and_need_both() -> None:
    def places(server: str) -> list[bool]:
        talk = (
            Conversation.tcp(HERE, client_os="linux-3", server_os=server, path=CLEAN).open().client(b"x").close("fin")
        )
        frames = talk.frames(6)
        for frame in frames:
            assert frame.times_at in (0, headers.timestamps_at(frame.header, 6))
        return [frame.times_at > 0 for frame in frames]

    assert all(places("netbsd"))
    assert places("router")[0]
    assert not any(places("router")[1:])


def test_tools_may_leave_options_out_and_are_then_answered_without() -> None:
    talk = Conversation.tcp(HERE, client_os="linux-3", server_os="linux").send("S", options=False)
    talk.send("SA", from_client=False)
    first, answer = talk.frames(4)
    assert (len(first.header), first.times_at) == (54, 0)
    assert [name for name, _ in Ether(answer.header)[TCP].options] == ["MSS"]


def test_what_is_described_is_what_people_ask_for() -> None:
    frames = Conversation.tcp(HERE, path=CLEAN).open().server(b"abc").frames(6)
    assert describe(frames[0]) == {"from": "client", "flags": 2, "payload": 0}
    assert describe(frames[3]) == {"from": "server", "flags": 24, "payload": 3}


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("near", ["client", "server"])
def test_payload_is_cut_at_the_mss_and_wholly_acknowledged(version: int, near: str) -> None:
    size = 200_003
    talk = Conversation.tcp(world(), near=near, path=CLEAN).open()
    frames = talk.client(b"x" * 10).server(b"y" * size, think=0.1).close("fin").frames(version)
    data = [frame for frame in frames if frame.reverse and frame.content.data]
    assert sum(len(frame.content.data) for frame in data) == size
    assert max(len(f.header) + len(f.content.data) for f in frames) <= 1514
    at = 1
    for frame in data:
        assert frame.seq == at
        at += len(frame.content.data)
    acks = [frame.ack for frame in frames if not frame.reverse and frame.ack >= 0]
    assert acks == sorted(acks)
    assert acks[-1] == size + 2  # SYN, all of the data, FIN
    pure = [f for f in frames if not f.reverse and not f.content.data]
    assert len(data) / 2 - 2 <= len(pure) <= len(data) / 2 + 12


def test_the_smaller_mtu_of_both_links_cuts_the_payload() -> None:
    path = Path(mtu=(1500, 1400))
    frames = Conversation.tcp(HERE, client_os="linux", path=path).open().client(b"x" * 5000).close().frames(4)
    assert max(len(frame.header) + len(frame.content.data) for frame in frames) == 1414
    sizes = [dict(Ether(frame.header)[TCP].options)["MSS"] for frame in frames[:2]]
    assert sizes == [1460, min(1360, sizes[1])]


def test_random_parts_are_cut_with_the_payload() -> None:
    talk = Conversation.tcp(world(), path=CLEAN).open().client([b"a" * 1000, Rand(3000, "hex"), b"z"])
    pieces = [part for frame in talk.frames(4) for part in frame.content.parts]
    assert sum(part.length for part in pieces) == 3000
    assert [part.skip for part in pieces] == [sum(p.length for p in pieces[:k]) for k in range(len(pieces))]
    assert len({part.key for part in pieces}) == 1


def test_a_think_time_waits_for_the_round_trip_first() -> None:
    talk = Conversation.tcp(world(), path=CLEAN).open().client(b"q").server(b"a", think=0.5)
    gaps = [frame.gap_rtt for frame in talk.frames(4)]
    # SYN, SYN/ACK, ACK: one round trip, however the monitor stands.
    assert gaps[0] == 0
    assert gaps[1] + gaps[2] == pytest.approx(1.0)
    assert sum(frame.gap_ns for frame in talk.frames(4)) == pytest.approx(0.5e9, rel=0.1)


def test_a_datagram_that_does_not_fit_is_a_mistake_of_the_family() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Conversation.udp(world()).client(b"x" * 1473)


def test_a_syn_ack_offers_only_what_was_asked_for() -> None:
    talk = Conversation.tcp(world(), client_os="windows-7", server_os="linux", path=CLEAN).open()
    answer = Ether(talk.frames(4)[1].header)[TCP].options
    assert [name for name, _ in answer] == ["MSS", "NOP", "NOP", "SAckOK", "NOP", "WScale"]
    assert not Ether(talk.frames(4)[2].header)[TCP].options


def test_ecn_is_asked_for_answered_and_marked_on_data() -> None:
    path = Path(ecn=True, tos=(0x48, 0))
    for version, layer, field in ((4, IP, "tos"), (6, IPv6, "tc")):
        talk = Conversation.tcp(HERE, client_os="macos", server_os="linux", path=path).open().client(b"x").server(b"y")
        packets = [Ether(frame.header) for frame in talk.frames(version)]
        assert [str(packet[TCP].flags) for packet in packets[:3]] == ["SEC", "SAE", "A"]
        assert [getattr(packet[layer], field) for packet in packets[:4]] == [0x48, 0, 0x48, 0x4A]
        assert getattr(packets[-1][layer], field) == 2
    plain = Conversation.tcp(HERE, client_os="macos", server_os="router", path=path).open()
    assert str(Ether(plain.frames(4)[1].header)[TCP].flags) == "SA"


def test_attackers_of_a_family_mostly_run_one_build_of_a_system() -> None:
    def builds(seed: int) -> int:
        here = world(seed)
        return len({Conversation.tcp(here, client_os="linux").client_stack.name for _ in range(20)})

    several = [builds(seed) for seed in range(30)]
    assert 0.4 < sum(count == 1 for count in several) / 30 < 0.97


def test_an_ack_never_stands_at_the_very_time_of_the_answer() -> None:
    for seed in range(20):
        talk = Conversation.tcp(world(seed), path=CLEAN).open()
        for _ in range(5):
            talk.client(b"question", think=0.01).server(b"answer", think=0.02)
        frames = talk.frames(4)[3:]
        data = [frame for last, frame in pairwise(frames) if last.reverse == frame.reverse]
        assert all(frame.gap_ns > 0 for frame in data)


@pytest.mark.parametrize(
    ("system", "four", "six"), [("linux", 1, 1), ("windows-7", 4, 1), ("contiki", 4, 0), ("ios", 0, 1)]
)
def test_ipv6_flows_are_labelled_by_systems_that_do(system: str, four: int, six: int) -> None:
    system = HERE.habits.kinds.get(system, ((system, 1.0),))[0][0]
    talk = Conversation.tcp(HERE, client_os=system, path=CLEAN).open()
    assert [talk.frames(version)[0].ipid for version in (4, 6)] == [four, six]
