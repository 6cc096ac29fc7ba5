"""Who becomes whom: networks stay together, nobody meets while there is room, rounds are fresh, free is free."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from contract.addresses import MAPPED_PREFIX, Networks, to_text
from contract.errors import InputError
from contract.jit import lean_kernel
from contract.safety import LAB
from generator.replay.mapping import AddressMap, Free
from generator.replay.octets import U8, U64
from generator.replay.rewrite import Found
from generator.replay.tables import Seen, new_seen, note, roomy

Hosts = np.ndarray[Any, np.dtype[np.int64]]


@lean_kernel
def count(seen: Seen, keys: U64, times: int) -> None:
    for key in keys:
        note(seen, key, times)


def found(hosts: Sequence[int] | Hosts, nets: Sequence[int] = (), busy: Sequence[int] = ()) -> Found:
    seen = roomy(new_seen(), len(hosts) + len(busy))
    count(seen, np.array(hosts, np.uint64), 1)
    count(seen, np.array(busy, np.uint64), 100)
    six = roomy(new_seen(), len(nets))
    count(six, np.array(nets, np.uint64), 1)
    return Found(seen, six)


def rows(hosts: Sequence[int] | Hosts) -> U8:
    made = np.zeros((len(hosts), 16), np.uint8)
    made[:, :12] = np.frombuffer(MAPPED_PREFIX, np.uint8)
    made[:, 12:] = np.array(hosts).astype(">u4").view(np.uint8).reshape(-1, 4)
    return made


def lab(people: AddressMap, hosts: Sequence[int] | Hosts) -> Hosts:
    made = people.addresses(rows(hosts))
    assert Networks([str(n) for n in LAB]).contains(made).all()
    return made[:, 12:].copy().view(">u4").ravel().astype(np.int64)


def test_a_network_stays_together_and_hosts_keep_their_last_byte() -> None:
    hosts = np.concatenate([np.arange(5, 250) + (n * 7919 << 8) for n in range(1, 400)])
    people = AddressMap(found(hosts), 1, 0, Free())
    to = lab(people, hosts)
    assert len(np.unique(to)) == len(hosts)
    assert np.array_equal(to & 255, hosts & 255)
    pairs = np.unique(np.stack([hosts >> 8, to >> 8]), axis=1)
    assert pairs.shape[1] == 399
    assert people.rounds == 1
    assert people.shared == 0


def test_many_small_networks_are_packed_and_the_crowded_stay_together() -> None:
    small = (np.arange(20_000) * 2_654_435_761 % (1 << 32)) | 1
    crowded = (0x0A0000 << 8) + np.arange(256)
    hosts = np.unique(np.concatenate([small, crowded]))
    people = AddressMap(found(hosts), 3, 0, Free())
    to = lab(people, hosts)
    assert len(np.unique(to)) == len(hosts)
    assert people.shared == 0
    inside = hosts >> 8 == 0x0A0000
    assert len(np.unique(to[inside] >> 8)) == 1


def test_of_too_many_hosts_the_busiest_have_addresses_of_their_own() -> None:
    spoofed = np.unique((np.arange(300_000) * 2_654_435_761 % (1 << 32)) | 1)
    busy = [0xC0A80101, 0xC0A80102]
    people = AddressMap(found(spoofed, busy=busy), 3, 0, Free())
    assert people.shared > 100_000
    to = lab(people, spoofed)
    own = lab(people, busy)
    assert len(set(own.tolist())) == 2
    assert not np.isin(own, to[~np.isin(spoofed, busy)]).any()


def test_rounds_have_networks_of_their_own_until_they_are_used_up() -> None:
    hosts = [0x0A000001, 0x0A000102, 0xC0A80001]
    here = found(hosts, [0xFE80 << 48, 0x20010DB8 << 32])
    rounds = [AddressMap(here, 9, turn, Free()) for turn in range(170)]
    assert rounds[0].rounds == 170
    networks = np.concatenate([np.unique(lab(people, hosts) >> 8) for people in rounds])
    assert len(np.unique(networks)) == 510
    assert rounds[0].everybody() != rounds[1].everybody()
    assert lab(AddressMap(here, 9, 3, Free()), hosts).tolist() == lab(rounds[3], hosts).tolist()
    assert lab(AddressMap(here, 8, 3, Free()), hosts).tolist() != lab(rounds[3], hosts).tolist()


def test_what_is_taken_is_not_given() -> None:
    base = AddressMap(found([0x0A000001 + n for n in range(0, 5000, 16)], [5, 6]), 1, 0, Free())
    free = Free().without(base.lab())
    hosts = [0x0B000001 + 256 * n for n in range(450)]
    guest = AddressMap(found(hosts, [7, 8, 9]), 1, 0, free)
    assert not {row.tobytes() for row in guest.addresses(rows(hosts))} & {row.tobytes() for row in base.lab()}
    assert not {row[:8].tobytes() for row in guest.lab()[-3:]} & {row[:8].tobytes() for row in base.lab()[-3:]}


def test_single_addresses_are_used_where_no_network_is_left_and_none_is_an_error() -> None:
    hosts = Free().hosts.copy()
    hosts[::4] = False  # every /24 is in use
    people = AddressMap(found([1, 2, 300]), 1, 0, Free(hosts))
    assert len(set(lab(people, [1, 2, 300]).tolist())) == 3
    assert hosts[lab(people, [1, 2, 300]) - 0xC6120000].all()
    with pytest.raises(InputError, match="no IPv4 address of the lab is free"):
        AddressMap(found([1]), 1, 0, Free(np.zeros(1 << 17, np.bool_)))
    with pytest.raises(InputError, match="no IPv6 network of the lab is free"):
        AddressMap(found([], [1]), 1, 0, Free(nets=np.zeros(1 << 16, np.bool_)))


def test_a_pin_is_kept() -> None:
    people = AddressMap(found([0x0A000001, 0x0A000002]), 1, 0, Free(), {0x0A000002: 0xC6130505})
    assert lab(people, [0x0A000002]).tolist() == [0xC6130505]
    assert "198.19.5.5" in people.networks(["10.0.0.2"])
    assert not Networks(people.everybody()).contains(rows([0xC6130505]))[0]


def test_networks_of_truth() -> None:
    hosts = [0x0A000001, 0x0A000002, 0x0A000101, 0xC0A80001]
    people = AddressMap(found(hosts, [0x20010DB8 << 32, (0x20010DB8 << 32) + 1]), 4, 0, Free())
    assert people.networks(["10.0.0.1"]) == [to_text(people.addresses(rows([hosts[0]]))[0].tobytes())]
    whole = people.networks(["10.0.0.0/16"])
    assert Networks(whole).contains(people.addresses(rows(hosts))).tolist() == [True, True, True, False]
    assert all(ipaddress.ip_network(network).prefixlen >= 23 for network in whole)
    half = people.networks(["10.0.0.0/31"])
    assert Networks(half).contains(people.addresses(rows(hosts))).tolist() == [True, False, False, False]
    six = people.networks(["2001:db8::/32"])
    assert sum(ipaddress.ip_network(network).num_addresses for network in six) == 2 << 64
    assert people.networks(["2001:db8::5"])[0].startswith("2001:2:0:")


def test_who_is_not_in_the_capture_becomes_nobody() -> None:
    people = AddressMap(found([0x0A000001]), 4, 0, Free())
    assert people.networks(["203.0.113.9"]) == ["198.18.0.1"]
    assert people.networks(["2001:db8::5"]) == ["2001:2::1"]
