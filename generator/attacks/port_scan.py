"""Port scan: one attempt is one probe of one port.

Kinds: SYN, connect, FIN, NULL, XMAS, ACK and UDP, or one told by ``kind`` (``S``, ``connect``, ``F``, ``null``,
``FPU``, ``A``, ``udp``). Tools as their sources and captures show them: nmap (MSS option alone, window 1,024 to 4,096,
one source port per scan, filtered ports tried twice), masscan (no options, fixed source port), zmap (id 54321, one
random source port per probe), hping-like, and plain connect() with the system's own
options. Ports: the first 1,024, some 100 or 1,000 usual ones, all of them, or a handful, in order or shuffled.
Targets refuse, keep silent or send ICMP errors where a port is closed; a few ports are open. Where a target is silent,
nmap asks each port again from the next source port. Some scans hide among decoys. One scanner (``attackers``) at one
target, or several side by side. Pace: from a probe in many seconds (nmap -T1) to thousands a second.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes.crowd import Ints, assign, gang, ordinals, spell, uneven, villains
from generator.shapes.floods import chosen
from generator.world import Attempts, World

FAMILY = Family(
    "recon",
    "Port scan",
    "Probes of many ports (SYN, connect, FIN, NULL, XMAS, ACK, UDP) that tell which are open, closed or filtered.",
    "T1046",
    "TA0007",
)
KINDS: Final = ("S", "connect", "F", "", "FPU", "A", "udp")
_NAMES: Final = ("S", "connect", "F", "null", "FPU", "A", "udp")
_TOOLS: Final = (
    ("nmap", "nmap", "nmap", "masscan", "zmap", "hping"),
    ("linux", "windows"),
    ("nmap", "nmap"),
    ("nmap", "nmap"),
    ("nmap", "nmap"),
    ("nmap", "hping"),
    ("nmap", "masscan"),
)
OPEN, CLOSED, SILENT, PROHIBITED = range(4)
USUAL: Final = (
    21, 22, 23, 25, 53, 80, 81, 88, 110, 111, 113, 119, 135, 139, 143, 161, 179, 199, 389, 427, 443, 444,
    445, 465, 500, 513, 514, 515, 543, 548, 554, 587, 631, 646, 873, 990, 993, 995, 1025, 1026, 1080, 1110,
    1433, 1521, 1720, 1723, 1755, 1900, 2000, 2049, 2121, 2323, 2375, 2717, 3000, 3128, 3306, 3389, 3986,
    4899, 5000, 5009, 5051, 5060, 5101, 5190, 5357, 5432, 5555, 5631, 5666, 5800, 5900, 5985, 6000, 6379,
    6646, 7001, 7070, 8000, 8008, 8009, 8080, 8081, 8443, 8888, 9100, 9200, 9999, 10000, 11211, 27017, 32768,
    37215, 49152, 49154,
)  # fmt: skip
_BANNERS: Final = (b"SSH-2.0-OpenSSH_9.6\r\n", b"220 mail ESMTP\r\n", b"220 FTP ready\r\n", b"")


def _tcp(world: World, flags: str, tool: str, answer: int) -> Conversation:
    conversation = Conversation.tcp(world, client_os=tool, server_os="linux" if answer == OPEN else "")
    conversation.send(flags)
    if flags == "S" and answer == OPEN:
        conversation.send("SA", from_client=False, think=0.00005).send("R", think=0.00003, options=False)
    elif answer == CLOSED:
        conversation.send("R" if flags == "A" else "RA", from_client=False, think=0.00004, options=False)
    elif answer == PROHIBITED:
        conversation.unreachable(int(world.pick((3, 10, 13, 13))), think=0.0002)
    elif tool == "nmap" and world.rng.random() < 0.1:
        conversation.repeat(think=float(world.rng.uniform(0.1, 1.3)))
    return conversation


def _connect(world: World, tool: str, answer: int) -> Conversation:
    conversation = Conversation.tcp(world, client_os=tool)
    if answer == OPEN:
        conversation.open()
        banner = world.pick(_BANNERS)
        if banner and world.rng.random() < 0.5:
            conversation.server(banner, think=0.001)
        return conversation.close(world.pick(("rst", "rst", "fin")), think=0.0002)
    conversation.send("S")
    if answer == CLOSED:
        return conversation.refuse()
    if answer == PROHIBITED:
        return conversation.unreachable(13, think=0.0002)
    if world.rng.random() < 0.6:
        conversation.repeat(think=1.0)
        if world.rng.random() < 0.4:
            conversation.repeat(think=2.0)
    return conversation


def _udp(world: World, tool: str, answer: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, client_os=tool)
    conversation.client(b"")  # an open port stays silent too: services do not answer an empty datagram
    if answer in (CLOSED, PROHIBITED):
        conversation.unreachable(3 if answer == CLOSED else 13, think=0.0002)
    elif answer == SILENT and rng.random() < 0.5:
        conversation.repeat(think=float(rng.uniform(0.8, 1.3)))
    return conversation


def _groups() -> list[tuple[int, str]]:
    return [(kind, tool) for kind in range(len(KINDS)) for tool in _TOOLS[kind]]


def conversations(world: World) -> list[Conversation]:
    """For each kind and tool the four answers: open, closed, silent, prohibited."""
    made = []
    for kind, tool in _groups():
        for answer in (OPEN, CLOSED, SILENT, PROHIBITED):
            if KINDS[kind] == "udp":
                made.append(_udp(world, tool, answer))
            elif KINDS[kind] == "connect":
                made.append(_connect(world, tool, answer))
            else:
                made.append(_tcp(world, KINDS[kind], tool, answer))
    return made


def _ports(world: World, wanted: int) -> Ints:
    """The ports of one scan, in the order in which it tries them."""
    rng = world.rng
    usual = np.array(USUAL, np.int64)
    kind = rng.random()
    if kind < 0.2:
        ports = np.arange(1, 1025)
    elif kind < (0.4 if wanted < 3_000 else 0.7):
        ports = np.arange(1, int(rng.choice((10_000, 65_536))))
    elif kind < 0.5:
        ports = rng.permutation(usual)[: int(rng.integers(8, 40))]
    else:  # the thousand usual ones: the well-known first, the rest spread over the range
        rest = np.setdiff1d(rng.permutation(65_535)[: int(rng.choice((0, 900, 900)))] + 1, usual)
        return np.concatenate([rng.permutation(usual), rng.permutation(rest)]).astype(np.int64)
    if len(ports) > 4 * wanted and rng.random() < 0.7:  # a scan is as long as it gets: do not only see its first ports
        ports = np.sort(rng.choice(ports, 4 * max(wanted, 1), replace=False))
    return (rng.permutation(ports) if rng.random() < 0.55 else np.sort(ports)).astype(np.int64)


def _twice(world: World, order: Ints) -> tuple[Ints, Ints]:
    """The ports with each asked again some probes later, and which of them are the second time."""
    size = int(world.rng.integers(10, 60))
    parts = [order[at : at + size] for at in range(0, len(order), size)]
    ports = [np.concatenate([part, part]) for part in parts]
    again = [np.repeat([0, 1], len(part)) for part in parts]
    return np.concatenate([order[:0], *ports]), np.concatenate([order[:0], *again])


def _answers(world: World, target: Ints, port: Ints, policy: Ints) -> Ints:
    """What each probed port does: a few are open, the rest as the target's policy has it."""
    rng = world.rng
    openness = rng.uniform(0.0, 0.08, len(policy))
    mixed = np.uint64(0x9E3779B97F4A7C15) * (port.astype(np.uint64) + target.astype(np.uint64) * np.uint64(65_536))
    draw = (mixed >> np.uint64(40)).astype(np.float64) / 2**24
    often = np.where(np.isin(port, np.array(USUAL)), 3.0, 0.1)
    open_now = draw < openness[target] * often
    # behind a firewall some ports are closed all the same
    leak = (policy[target] == SILENT) & (draw > 0.97)
    return np.where(open_now, OPEN, np.where(leak, CLOSED, policy[target])).astype(np.int64)


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Scans side by side: each has an attacker, a kind and tool, a few targets, an order of ports, and a pace."""
    n, rng = len(intended), world.rng
    attackers = gang(world, intended, (5.0, 1500.0), (1, 40))
    scans = len(attackers)
    scan = assign(rng, intended, uneven(rng, scans, 0.4), spell(rng, intended, scans) if scans > 2 else None)
    groups = _groups()
    liking = {"S": 6.0, "connect": 3.5, "udp": 2.0}
    weights = np.array([liking.get(KINDS[kind], 1.5) / len(_TOOLS[kind]) for kind, _ in groups])
    group = rng.choice(len(groups), scans, p=weights / weights.sum())
    if "kind" in world.params:
        wanted = chosen(world, "kind", _NAMES, _NAMES)
        group = rng.choice([row for row, (kind, _) in enumerate(groups) if _NAMES[kind] == wanted], scans)
    policy = rng.choice((CLOSED, SILENT, PROHIBITED), len(world.sites), p=(0.45, 0.45, 0.1))
    nth = ordinals(scan)
    dst_index, port = np.zeros(n, np.int64), np.zeros(n, np.int64)
    source_port = rng.integers(32768, 65536, n)
    for number in range(scans):
        mine = np.flatnonzero(scan == number)
        targets = rng.permutation(len(world.sites))
        # so many targets side by side, each port at all of them before the next port; then the next targets
        width = min(int(rng.choice((1, 1, 1, 1, 1, 2, 4, 16))), len(targets))
        order, again = _ports(world, len(mine) // width), np.zeros(0, np.int64)
        if groups[group[number]][1] == "nmap" and policy[targets[0]] == SILENT and rng.random() < 0.8:
            order, again = _twice(world, order)
        k = nth[mine]
        block, within = k // (len(order) * width), k % (len(order) * width)
        dst_index[mine] = targets[(block * width + within % width) % len(targets)]
        port[mine] = order[within // width]
        if KINDS[groups[group[number]][0]] != "connect" and groups[group[number]][1] not in ("zmap", "hping"):
            source_port[mine] = int(rng.integers(32768, 65535)) + (again[within // width] if len(again) else 0)
        elif groups[group[number]][1] != "zmap":
            source_port[mine] = 32768 + (int(rng.integers(0, 28_000)) + k * int(rng.integers(1, 3))) % 28_000
    answer = _answers(world, dst_index, port, policy)
    decoys = villains(world, int(rng.integers(3, 9)))
    hidden = (rng.random(scans) < 0.06)[scan] & (rng.random(n) < 1 - 1 / (len(decoys) + 1))
    return Attempts.of(
        world,
        intended,
        src=np.where(hidden[:, None], decoys[rng.integers(0, len(decoys), n)], attackers[scan]),
        dst=world.sites[dst_index],
        src_port=source_port,
        dst_port=port,
        template=group[scan] * 4 + answer,
        rtt_ns=np.where(rng.random(scans) < 0.4, world.lan_rtt(scans), world.rtt(scans))[scan],
        ipv6=False,
    )
