"""Who knows the code, but not the seed, builds no chain in a hash table and aims at no register of a sketch."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from detector import listening
from detector.flow_index import chain_lengths, key_hash
from detector.flowtable import FlowTable
from detector.fragments import DISPLACED, _tag, new_fragments
from detector.fragments import mix as mix_tag
from detector.incidents import _hash, find_or_make, new_incidents
from detector.meter import Meter
from detector.remote_index import RemoteIndex, _home, new_index
from detector.shard_kernel import shard_of
from detector.windows import update
from detector.windows_state import DST, KINDS, REGISTERS, SRC, WAYS, Windows, find, keys_of, mix, new_windows
from tests.detector.captured import B6, A, B, batch_of, eth, ip4, ip6, udp
from tests.detector.flows_by_hand import START, empty, put, slots_of

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def longest(frames: list[bytes]) -> int:
    meter = Meter(capacity=4 * len(frames))
    meter.update(batch_of(frames))
    assert meter.counts()["live"] == len(frames)
    return int(chain_lengths(meter.table).max())


def test_prefix_and_port_do_not_cancel_out_under_every_seed() -> None:
    """64 bits of an IPv6 prefix, times an odd constant, can be made to undo whatever the port adds: once all such flows
    fell on one place, whatever the seed was.
    """
    undo = pow(GOLDEN, -1, 1 << 64)
    frames = []
    for port in range(1024, 6024):
        source = struct.pack("!QQ", ((port << 20) * undo) & MASK, 1)
        frames.append(eth(ip6(source, B6, 17, udp(port, 53)), 0x86DD))
    assert longest(frames) < 60


@pytest.mark.parametrize("step", [1, 1 << 8, 1 << 16])
def test_addresses_and_ports_in_rows_make_no_chain(step: int) -> None:
    addresses = [struct.pack("!I", (0x0A000000 + number * step) & 0xFFFFFFFF) for number in range(2500)]
    frames = [eth(ip4(address, B, 17, udp(port, 53))) for address in addresses for port in (7, 7 + step % 65_000)]
    assert longest(frames) < 60


def colliding(seed: int, count: int) -> list[int]:
    """Ports whose flows stand in one 64th of the index under this seed."""
    address = np.array([(0, 0xFFFFC6120001), (0, 0xFFFFC6130002)], np.uint64)
    found = []
    for port in range(65_536):
        hashed = int(key_hash(address, np.array([port, 53], np.uint16), 17, np.uint64(seed)))
        if hashed >> 32 & 0x3F == 0x15:
            found.append(port)
        if len(found) == count:
            break
    return found


def test_what_collides_under_one_seed_is_spread_under_another() -> None:
    """The index draws its seed by chance: keys made to collide under a known one are spread as any others."""
    ports = colliding(0, 500)
    assert len(ports) == 500
    assert longest([eth(ip4(A, B, 17, udp(port, 53))) for port in ports]) < 60
    assert Meter(capacity=8)._limits.seed != Meter(capacity=8)._limits.seed
    assert Meter(capacity=8, seed=1)._limits.seed != Meter(capacity=8, seed=1)._limits.seed


def kept(windows: Windows, table: FlowTable, slots: npt.NDArray[np.int32], kind: int) -> int:
    keys = np.zeros(KINDS, np.uint64)
    count = 0
    for slot in slots:
        keys_of(table.flows[slot], windows.seed[0], keys)
        count += find(windows, kind, keys[kind]) >= 0
    return count


def in_one_set(windows: Windows, sources: range, count: int) -> list[int]:
    """Source addresses that share one set of eight places."""
    table, keys, found = empty(8), np.zeros(KINDS, np.uint64), []
    sets = int(windows.offsets[SRC + 1] - windows.offsets[SRC]) // WAYS
    for source in sources:
        put(table, 0, source, 1)
        keys_of(table.flows[0], windows.seed[0], keys)
        if (int(keys[SRC]) >> 20) & (sets - 1) == 3:
            found.append(source)
        if len(found) == count:
            return found
    raise AssertionError("too few addresses")


def test_hosts_that_push_each_other_out_under_one_seed_do_not_under_another() -> None:
    places = (512, 512, 512, 512, 512, 8)
    aimed = in_one_set(new_windows(7, places), range(20_000), 64)
    table = empty(128)
    for slot, source in enumerate(aimed):
        put(table, slot, source, 1)
    for seed, least, most in ((7, 8, 8), (8, 40, 64)):
        windows = new_windows(seed, places)
        update(windows, table, slots_of(64), START)
        assert least <= kept(windows, table, slots_of(64), SRC) <= most


def test_addresses_that_share_a_register_of_a_sketch_under_one_seed_do_not_under_another() -> None:
    """Else a sweep over chosen addresses would look like one connection, however many it tried."""

    def register(address: int, seed: int) -> int:
        with np.errstate(over="ignore"):
            inner = mix.py_func(np.uint64(address) ^ np.uint64(seed))  # type: ignore[attr-defined]
            return int(mix.py_func(inner)) % REGISTERS  # type: ignore[attr-defined]

    aimed = [target for target in range(20_000) if register(0xFFFF00000000 + target, 0) == 5][:60]
    table = empty(128)
    for slot, target in enumerate(aimed):
        put(table, slot, 9, target)
    for seed, least, most in ((0, 1, 1), (1, 30, 60)):
        windows = new_windows(seed)
        update(windows, table, slots_of(60), START)
        keys = np.zeros(KINDS, np.uint64)
        keys_of(table.flows[0], windows.seed[0], keys)
        marked = int((windows.peers[find(windows, SRC, keys[SRC])] > 0).sum())
        assert least <= marked <= most
        assert kept(windows, table, slots_of(60), DST) == 60


def test_causes_made_to_collide_stand_apart() -> None:
    """The index of incidents draws its seed by chance; no answer depends on it."""
    capacity = 1024
    aimed, host = [], 0
    while len(aimed) < 100:
        key = np.array([1, 0, host, 0, 0], np.uint64)
        if int(_hash(key, np.uint64(0))) & 255 == 77:
            aimed.append(key)
        host += 1
    state = new_incidents(capacity, 3)
    rows = [find_or_make(state, key) for key in aimed]
    assert rows == list(range(100))
    assert len({int(_hash(key, np.uint64(0))) & 2047 for key in aimed}) <= 8
    homes = np.array([int(_hash(key, state.seed[0])) & 2047 for key in aimed])
    assert np.unique(homes).size > 80
    assert state.seed[0] != new_incidents(capacity, 3).seed[0]


def test_fragments_displace_each_other_by_chance_only() -> None:
    """As many first fragments as the table has places: about a third give way, under any seed; each is counted."""
    firsts = [eth(ip4(struct.pack("!I", 0xC6120000 + n), B, 17, udp(n, 2), 5, 0x2000)) for n in range(4096)]
    displaced = []
    for seed in (1, 2):
        meter = Meter(capacity=8192, seed=seed)
        meter.update(batch_of(firsts))
        displaced.append(meter.counts()["fragments_displaced"])
        assert displaced[-1] == 4096 - np.count_nonzero(meter._work.fragments.tag)
    assert all(1200 < count < 1800 for count in displaced)
    assert displaced[0] != displaced[1]
    assert new_fragments(1).counters[DISPLACED] == 0


def spread(how: Any, values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """One of the kernels' mixing functions, for arrays."""
    mixed: npt.NDArray[np.uint64] = how.py_func(values.copy())
    return mixed


def test_packets_in_fragments_that_share_a_place_under_one_seed_do_not_under_another() -> None:
    """Else whoever sends fragments could push those of somebody else out of the table, again and again."""
    identities = np.arange(1 << 16, dtype=np.uint64)
    address = np.array([(0, 0xFFFF << 32 | int.from_bytes(host, "big")) for host in (A, B)], np.uint64)
    row = {"address": address, "protocol": 17}
    places = {}
    for seed in (7, 8):
        tags = np.array([_tag.py_func(row, identity, np.uint64(seed)) for identity in identities[:4]])  # type: ignore[attr-defined]
        inner = np.uint64(seed)
        for word in address.ravel():
            inner = spread(mix_tag, np.array([inner ^ word]))[0]
        everyone = spread(mix_tag, inner ^ identities << np.uint64(16) ^ np.uint64(17)) | np.uint64(1)
        assert (everyone[:4] == tags).all()
        places[seed] = everyone >> np.uint64(40) & np.uint64(4095)
    aimed = np.flatnonzero(places[7] == places[7][0])[:12]
    firsts = [eth(ip4(A, B, 17, udp(n, 2), int(identity), 0x2000)) for n, identity in enumerate(aimed)]
    displaced = []
    for seed in (7, 8):
        meter = Meter(capacity=64, seed=seed)
        meter.update(batch_of(firsts))
        displaced.append(meter.counts()["fragments_displaced"])
    assert displaced[0] == 11
    assert displaced[1] <= 2


def test_numbers_of_a_sensors_flows_that_collide_under_one_seed_do_not_under_another() -> None:
    """A sensor chooses the numbers of its flows: a hostile one could make chains."""
    numbers = np.arange(1 << 16, dtype=np.uint64)

    def homes(index: RemoteIndex, of: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        inner = spread(mix, np.array([np.uint64(1) ^ index.seed[0]]))[0]
        found = spread(mix, of ^ inner) & np.uint64(len(index.places) - 1)
        assert int(found[0]) == _home(index, np.uint32(1), of[0])
        return found

    one, other = new_index(1024, 7), new_index(1024, 8)
    aimed = numbers[homes(one, numbers) == homes(one, numbers)[0]]
    assert len(aimed) > 20
    assert np.unique(homes(other, aimed)).size >= len(aimed) - 3


def test_flows_aimed_at_one_shard_under_one_seed_are_shared_under_another() -> None:
    address = np.array([(0, 0xFFFFC6120001), (0, 0xFFFFC6130002)], np.uint64)

    def shards(seed: int, ports: list[int]) -> npt.NDArray[np.int64]:
        keys = (np.array([port, 53], np.uint16) for port in ports)
        return np.array([shard_of(np.uint64(key_hash(address, key, 17, np.uint64(seed))), 4) for key in keys])

    everyone = list(range(1, 2001))
    aimed = np.array(everyone)[shards(1, everyone) == 2].tolist()
    assert 400 < len(aimed) < 600
    assert np.bincount(shards(2, aimed), minlength=4).min() > len(aimed) // 6


def test_a_live_detector_draws_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tenfold detect --interface` and the service alike: whom they listen to may be hostile."""
    seeds = []

    class StopError(Exception):
        pass

    def noted(config: object, *_: object) -> None:
        seeds.append(config.seed)  # type: ignore[attr-defined]
        raise StopError

    monkeypatch.setattr(listening, "Detector", noted)
    monkeypatch.setattr(listening, "warm_up", lambda _: None)
    for _ in range(2):
        with pytest.raises(StopError):
            listening.listen(None, None, None, None, None)  # type: ignore[arg-type]
    assert 0 not in seeds
    assert len(set(seeds)) == 2
