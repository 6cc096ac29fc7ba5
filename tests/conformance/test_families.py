"""What every family of the generator must hold. A new file in ``generator/attacks`` or ``benign`` is found and held."""

from __future__ import annotations

import ast
import hashlib
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import NoPayload, Packet, Raw

from contract.addresses import Networks
from contract.families import GROUPS, TACTICS, TECHNIQUES, catalogue, read_family
from contract.safety import LAB
from generator import registry
from generator.conversation import Conversation
from generator.exchange import TCP as TCP_KIND
from generator.exchange import Frame, describe
from generator.sinks.pcap import PcapSink
from generator.template import compile_conversations
from generator.traffic import chunks
from generator.workload import DEFAULT_START_NS
from generator.world import Attempts, World, make_world
from tests.generator import golden
from tests.generator.follower import follow
from tests.generator.golden import SECONDS, workload
from tests.generator.helpers import untagged

ROOT = Path(registry.__file__).parent
NAMES = sorted(registry.names())
ATTACKS = [name for name in NAMES if (ROOT / "attacks" / f"{name}.py").exists()]
SEEDS = (1, 2)
MOST_FRAMES = 20_000
MOST_BYTES = 16 << 20
# Sending into the void is what these do; all others also show the other side.
ONE_SIDED = {"udp_flood", "ack_flood", "icmp_flood", "arp_spoofing", "reflection_amplification"}
# Protocols whose dissectors guess by the look of bytes or by a port, or take a greeting for an answer (POP).
GUESSED = ("RTCP", "RTP", "QUAKE", "GTP", "STUN", "Thrift", "CLTP", "BJNP", "POP")


def world_of(name: str, seed: int) -> World:
    return make_world(workload(name, seed), name, {})


def planned(seed: int, count: int = 600) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.sort(rng.integers(DEFAULT_START_NS, DEFAULT_START_NS + int(SECONDS * 1e9), count))


@cache
def built(name: str, seed: int) -> tuple[list[Conversation], Attempts, World]:
    world = world_of(name, seed)
    module = registry.family(name)
    return module.conversations(world), module.attempts(planned(seed), world), world


@cache
def frames(name: str, seed: int) -> list[bytes]:
    return traffic(name, seed)["frame"].to_pylist()


@cache
def traffic(name: str, seed: int) -> pa.Table:
    return pa.Table.from_batches([chunk.frames for chunk in chunks(workload(name, seed))])


@pytest.mark.parametrize("name", NAMES)
def test_the_frames_are_those_that_were_written_down(name: str) -> None:
    assert golden.digest(traffic(name, 1)) == golden.read().get(name), f"{name} makes other frames; {golden.RENEW}"


@pytest.mark.parametrize("name", NAMES)
def test_a_later_start_moves_the_times_and_nothing_else(name: str) -> None:
    later = 1_234_567_891  # no multiple of what a float can tell apart at an epoch time
    first, second = (registry.family(name).attempts(planned(1) + shift, world_of(name, 1)) for shift in (0, later))
    for column, here, there in zip(Attempts._fields, first, second, strict=True):
        assert np.array_equal(here + later if column == "intended" else here, there), column


def test_no_digest_is_of_a_family_that_is_gone() -> None:
    assert set(golden.read()) == set(NAMES), f"families came or went; {golden.RENEW}"


def digest(conversations: list[Conversation], attempts: Attempts) -> str:
    total = hashlib.sha256()
    for column in compile_conversations(conversations):
        total.update(np.ascontiguousarray(column).tobytes())
    for column in attempts:
        total.update(np.ascontiguousarray(column).tobytes())
    return total.hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_the_literal_can_be_read_without_importing(name: str) -> None:
    folder = "attacks" if name in ATTACKS else "benign"
    family = read_family(ROOT / folder / f"{name}.py")
    assert family.id == name
    assert family == catalogue()[name]
    assert family.title
    assert family.summary.endswith(".")
    if folder == "attacks":
        assert family.group in GROUPS
        assert family.technique in TECHNIQUES
        assert family.tactic in TACTICS
    else:
        assert (family.group, family.technique, family.tactic) == ("benign", "", "")


@pytest.mark.parametrize("name", NAMES)
def test_the_file_says_what_it_does_and_stays_small(name: str) -> None:
    folder = "attacks" if name in ATTACKS else "benign"
    text = (ROOT / folder / f"{name}.py").read_text(encoding="utf-8")
    assert len(ast.get_docstring(ast.parse(text)) or "") > 60
    assert text.count("\n") < 300


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_conversations_are_many_and_bounded(name: str, seed: int) -> None:
    conversations, _, _ = built(name, seed)
    assert 8 <= len(conversations) <= 80
    sizes = [len(frame.header) + len(frame.content.data) for one in conversations for frame in one.frames(4)]
    assert all(one.frames(4) for one in conversations)
    assert len(sizes) <= MOST_FRAMES
    assert sum(sizes) <= MOST_BYTES
    assert all(frame.gap_ns >= 0 for one in conversations for frame in one.frames(4))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_attempts_are_whole_and_typed(name: str, seed: int) -> None:
    conversations, attempts, _ = built(name, seed)
    n = 600
    types = (np.int64, np.uint8, np.uint8, np.uint16, np.uint16, np.int32, np.int64, np.uint64)
    for column, dtype in zip(attempts, types, strict=True):
        assert len(column) == n
        assert column.dtype == dtype
    assert attempts.src.shape == attempts.dst.shape == (n, 16)
    assert attempts.template.min() >= 0
    assert attempts.template.max() < len(conversations)
    assert (attempts.rtt_ns > 0).all()
    assert (attempts.src[:, 0] == attempts.dst[:, 0]).all(), "both ends speak the same IP version"
    assert not (attempts.src == attempts.dst).all(axis=1).any(), "nobody talks to itself"
    end = DEFAULT_START_NS + SECONDS * 1e9
    assert ((attempts.intended >= DEFAULT_START_NS) & (attempts.intended <= end)).all()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_addresses_lie_in_the_lab(name: str, seed: int) -> None:
    _, attempts, _ = built(name, seed)
    lab = Networks([str(network) for network in LAB])
    assert lab.contains(attempts.src).all()
    assert lab.contains(attempts.dst).all()


@pytest.mark.parametrize("name", NAMES)
def test_empty_and_single_plans_work(name: str) -> None:
    for count in (0, 1):
        world = world_of(name, 5)
        attempts = registry.family(name).attempts(planned(1, count), world)
        assert {len(column) for column in attempts} == {count}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_and_another_does_not(name: str) -> None:
    conversations, attempts, _ = built(name, 1)
    module, again = registry.family(name), world_of(name, 1)
    first = digest(conversations, attempts)
    assert digest(module.conversations(again), module.attempts(planned(1), again)) == first
    other, planned_alike, _ = built(name, 2)
    assert digest(other, planned_alike) != first


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_can_be_told_from_ordinary_traffic_by_address(name: str, seed: int) -> None:
    """Truth names addresses: one end of an attack is the family's own, or it is an ARP frame of an inside host."""
    _, attempts, world = built(name, seed)
    hosts = world.layout.hosts
    own = np.concatenate([hosts(pool) for pool in (world.attackers, world.spoofed, world.attack_servers)])
    assert not np.isin(own, hosts(np.concatenate([world.clients, world.sites, world.outside_servers]))).any()
    told = np.isin(hosts(attempts.src), own) | np.isin(hosts(attempts.dst), own)
    conversations, _, _ = built(name, seed)
    arp = np.array([one.frames(4)[0].header[12:14] == b"\x08\x06" for one in conversations])[attempts.template]
    inside = np.isin(hosts(attempts.src), hosts(world.inside))
    assert (told | (arp & inside)).all()


@pytest.mark.parametrize("name", NAMES)
def test_both_sides_are_seen(name: str) -> None:
    conversations, _, _ = built(name, 1)
    both = [{frame.reverse for frame in one.frames(4)} == {False, True} for one in conversations]
    assert any(both)
    if name not in ONE_SIDED:
        seen = np.concatenate([np.array(both)[built(name, seed)[1].template] for seed in SEEDS])
        assert seen.any(), "no attempt of these campaigns has an answer"


def is_connection(frames: list[Frame]) -> bool:
    """A SYN that is answered by a SYN/ACK; what else there is are probes and floods."""
    flags = [describe(frame)["flags"] for frame in frames if frame.kind == TCP_KIND]
    return bool(flags) and flags[0] & 0x12 == 0x02 and any(flag & 0x12 == 0x12 for flag in flags)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_every_connection_can_be_followed(name: str, seed: int) -> None:
    """Numbers, ACKs and selective ACKs are those of a true connection, losses and all."""
    conversations, _, _ = built(name, seed)
    for number, conversation in enumerate(conversations):
        for version in (4, 6):
            frames = [frame for frame in conversation.frames(version) if not frame.quotes]
            if is_connection(frames):
                seen = follow(frames)
                assert seen.open_holes == 0, f"variant {number}, IPv{version}"


@pytest.mark.parametrize("name", NAMES)
def test_frames_decode(name: str) -> None:
    made = frames(name, 1)
    assert len(made) > 20
    rng = np.random.default_rng(0)
    for index in rng.permutation(len(made))[:40]:
        data = untagged(made[index])
        check_frame(Ether(data), data)


def check_frame(decoded: Packet, data: bytes) -> None:
    if decoded.haslayer(ARP):
        assert len(data) >= 42
        return
    network = decoded.getlayer(IP) or decoded.getlayer(IPv6)
    assert network is not None
    if isinstance(network, IP):
        assert network.len == len(data) - 14
    else:
        assert network.plen == len(data) - 54
    assert not isinstance(network.payload, NoPayload | Raw), "the transport header is whole"
    rebuilt = decoded.copy()
    for layer in (IP, TCP, UDP, ICMP):
        if rebuilt.haslayer(layer):
            del rebuilt[layer].chksum
    if decoded.haslayer(TCP) or (decoded.haslayer(UDP) and not decoded.haslayer("IPerror")):
        transport = TCP if decoded.haslayer(TCP) else UDP
        payload = bytes(decoded[transport].payload)
        rebuilt[transport].remove_payload()
        rebuilt[transport].add_payload(Raw(payload))
        assert bytes(rebuilt)[14 : len(data)] == data[14:], "checksums are right"


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What tshark finds malformed in some frames of each family. One capture for all: starting tshark is what costs."""
    path, total, starts = tmp_path_factory.mktemp("tshark") / "sample.pcap", 0, []
    sink = PcapSink(path)
    for name in NAMES:
        starts.append(total)
        for part in traffic(name, 1).slice(0, 700).to_batches():
            sink.write(part)
            total += part.num_rows
    sink.close()
    command = ["tshark", "-r", str(path), "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]
    command += [
        "-o",
        "udp.check_checksum:TRUE",
        "-2",
        "-Y",
        # a segment that comes again overlaps what was reassembled: tshark counts that as malformed, too
        (
            '(_ws.expert.group == "Malformed" && !tcp.analysis.retransmission && !tcp.analysis.out_of_order)'
            ' || _ws.expert.group == "Checksum"'
        ),
    ]
    command += ["-T", "fields", "-e", "frame.number", "-e", "_ws.col.Protocol"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, set[str]] = {name: set() for name in NAMES}
    for line in done.stdout.splitlines():
        frame, protocol = line.split("\t")
        found[NAMES[int(np.searchsorted(starts, int(frame) - 1, "right")) - 1]].add(protocol)
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not here")
def test_tshark_finds_nothing_malformed(name: str, complaints: dict[str, set[str]]) -> None:
    assert {protocol for protocol in complaints[name] if not protocol.startswith(GUESSED)} == set()
