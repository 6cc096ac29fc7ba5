"""Rewritten frames are, byte for byte, what scapy builds with the partners' addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import gate
from generator.replay.reasons import REASONS
from tests.generator.replay.helpers import batch, partner, people_of, rewritten, valid_sums
from tests.generator.replay.packets import KINDS, made


def same(name: str) -> str:
    return name


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.binary(max_size=90)), min_size=1, max_size=5), st.integers(0, 9))
def test_a_frame_is_what_scapy_builds_with_the_partners(packets: list[tuple[str, bytes]], seed: int) -> None:
    frames = batch([made(kind, same, payload) for kind, payload in packets])
    people = people_of(frames, seed=seed)
    found, rewriter = rewritten(frames, people)
    expected = [made(kind, partner(people), payload) for kind, payload in packets]
    assert found == expected
    assert not rewriter.left_out


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_what_scapy_builds(kind: str) -> None:
    frames = batch([made(kind, same, b"some text")])
    people = people_of(frames)
    assert rewritten(frames, people)[0] == [made(kind, partner(people), b"some text")]


# Whose checksums change by the addresses in the header alone: what was cut away holds none.
PLAIN = ["tcp", "udp", "udp without a checksum", "icmp", "vlan", "qinq", "ip in ip", "6in4", "tcp over ipv6",
         "udp over ipv6", "hop by hop", "echo over ipv6", "router alert", "another protocol"]  # fmt: skip


@given(st.sampled_from(PLAIN), st.binary(max_size=60), st.data())
def test_a_cut_frame_keeps_the_checksum_of_the_whole(kind: str, payload: bytes, data: st.DataObject) -> None:
    whole = made(kind, same, payload)
    length = 2 * data.draw(st.integers(0, len(whole) // 2))  # half a checksum cannot be mended
    frames = batch([whole[:length]], wire=[len(whole)])
    people = people_of(batch([whole]))
    found, rewriter = rewritten(frames, people)
    assert found in ([made(kind, partner(people), payload)[:length]], [])
    assert len(found) + sum(rewriter.left_out.values()) == 1


@given(st.sampled_from(["tcp", "udp", "icmp", "vlan", "ip in ip"]), st.binary(min_size=20, max_size=300), st.data())
def test_a_filled_frame_is_whole_and_right(kind: str, payload: bytes, data: st.DataObject) -> None:
    whole = made(kind, same, payload)
    length = data.draw(st.integers(len(whole) - len(payload), len(whole)))
    frames = batch([whole[:length]], wire=[len(whole)])
    found, _ = rewritten(frames, people_of(frames, cut="fill"), "fill")
    assert len(found[0]) == len(whole)
    assert (
        found[0][-len(payload) :][: length - len(whole) + len(payload)] == payload[: length - len(whole) + len(payload)]
    )
    assert valid_sums(found[0])


@given(
    st.binary(max_size=80),
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.integers(0, 70), st.integers(0, 255)), max_size=6),
)
def test_no_bytes_get_past_the_gate_or_stop_it(noise: bytes, kind: str, hits: list[tuple[int, int]]) -> None:
    """Damaged frames are rewritten or left out with a reason; the gate refuses the batch of none."""
    damaged = bytearray(made(kind, same, b"payload of some length"))
    for at, value in hits:
        damaged[at % len(damaged)] = value
    frames = batch([bytes(damaged), noise, bytes(damaged[: len(noise)])])
    for cut in ("keep", "fill"):
        found, rewriter = rewritten(frames, people_of(frames, cut=cut), cut)
        assert len(found) + sum(rewriter.left_out.values()) == 3
        assert set(rewriter.left_out) <= set(REASONS)


def test_the_gate_is_asked_about_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(gate, "check", lambda data, offsets: asked.append(len(offsets) - 1))
    frames = batch([made("tcp", same, b"x")] * 3)
    rewritten(frames, people_of(frames))
    assert asked == [3]
