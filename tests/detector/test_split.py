"""Which frames go where: every frame to the shard of its flow, once, and what no single frame says goes along."""

from __future__ import annotations

import struct

import numpy as np

from detector.split import Splitter, empty_parcel, joined
from tests.detector.captured import eth, ip4
from tests.detector.captured import udp as udp_only
from tests.detector.streams import Frame, batch, tcp, udp

A, B = bytes((198, 18, 0, 1)), bytes((198, 18, 1, 1))


def numbers_of(frames: list[Frame], shards: int) -> list[list[int]]:
    parcels, _ = Splitter(shards, 99).split(batch(frames), np.arange(len(frames)))
    return [parcel.numbers.tolist() for parcel in parcels]


def test_both_directions_of_a_flow_and_each_frame_once() -> None:
    frames = []
    for n in range(200):
        frames += [
            (n, tcp("198.18.0.1", "198.18.1.1", 1000 + n, 80, 2)),
            (n, tcp("198.18.1.1", "198.18.0.1", 80, 1000 + n, 18)),
        ]
    found = numbers_of(frames, 3)
    assert sorted(n for part in found for n in part) == list(range(400))
    assert all(len(part) > 80 for part in found)
    assert all({n ^ 1 for n in part} == set(part) for part in found)


def test_frames_keep_their_bytes() -> None:
    frames = [(n, tcp("198.18.0.1", "198.18.1.1", 1000 + n, 80, 2)) for n in range(50)]
    for parcel in Splitter(4, 1).split(batch(frames), np.arange(50))[0]:
        assert parcel.frames.column("frame").to_pylist() == [frames[n][1] for n in parcel.numbers.tolist()]


def test_a_later_fragment_goes_with_the_first() -> None:
    frames: list[Frame] = []
    for n in range(40):
        datagram = udp_only(5000 + n, 2049, bytes(32))
        frames.append((2 * n, eth(ip4(A, B, 17, datagram[:24], ident=n + 1, place=0x2000))))
        frames.append((2 * n + 1, eth(ip4(A, B, 17, datagram[24:], ident=n + 1, place=3))))
    splitter = Splitter(3, 99)
    parcels, _ = splitter.split(batch(frames), np.arange(len(frames)))
    for parcel in parcels:
        part = parcel.numbers.tolist()
        assert {n ^ 1 for n in part} == set(part)
        assert parcel.given_at.tolist() == list(range(len(part)))
        assert set(parcel.given["port"][:, 1].tolist()) <= {2049}


def test_an_error_goes_to_the_flow_that_it_quotes_as_well() -> None:
    probes = [udp("198.18.0.1", "198.18.1.1", 4000 + n, 9) for n in range(60)]
    errors = [eth(ip4(B, A, 1, struct.pack("!BBHI", 3, 3, 0, 0) + probe[14:42])) for probe in probes]
    frames = [*enumerate(probes), *((100 + n, error) for n, error in enumerate(errors))]
    found = numbers_of(frames, 2)
    for n in range(60):
        home = next(part for part in found if n in part)
        assert 60 + n in home


def test_what_cannot_be_metered_is_counted_and_goes_nowhere() -> None:
    frames = [(0, tcp("198.18.0.1", "198.18.1.1", 1, 80, 2)), (1, bytes(12) + b"\x88\xcc" + bytes(40)), (2, bytes(9))]
    parcels, dropped = Splitter(1, 1).split(batch(frames), np.arange(3))
    assert parcels[0].numbers.tolist() == [0]
    assert dict(dropped) == {"not_ip": 1, "cut_in_link_header": 1}


def test_parcels_of_several_sources_are_one() -> None:
    frames = [(n, eth(ip4(A, B, 17, udp_only(1, 2, bytes(8)), ident=n + 1, place=0x2000))) for n in range(9)]
    parts = [Splitter(1, 1).split(batch(frames[low::2]), np.arange(9)[low::2])[0][0] for low in range(2)]
    whole = joined([*parts, empty_parcel()])
    assert whole.numbers.tolist() == [0, 2, 4, 6, 8, 1, 3, 5, 7]
    assert whole.given_at.tolist() == list(range(9))
    assert whole.frames.num_rows == 9
