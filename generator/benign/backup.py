"""Backups: much leaves a host for hours, at night, always to the same place. It looks like exfiltration and is none.

Variants:

* ``object``: object storage over HTTPS, multipart: an initiation, parts of 5 to 64 MB (here 30 to 90 kB) over two to
  eight connections at once, each answered with a few hundred bytes, a completion;
* ``incremental``: the same with few small chunks, and many questions whether a chunk is known already;
* ``ssh``: rsync, borg or restic over SSH: a list of files back and forth, then bulk upwards;
* ``block``: blocks to a storage host on the own network (NFS 2049, iSCSI 3260): read, write and their short answers;
* ``restore``: bulk downwards, rare;
* ``broken``: a target that is full or away: resets in the middle, SYN retries, 503 and another try.

What tells them from theft: one fixed target that belongs to the organisation or its provider, the same hosts each time
in the same order, hours of constant pace, answers to every chunk, verification afterwards. A job runs on a host for a
spell of the campaign, then the next host's turn comes. Parameters: ``hosts`` (how many are backed up; else drawn).
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.benign.tls_browsing import handshake
from generator.conversation import Conversation
from generator.shapes import logins, names, ssh, tls
from generator.shapes.crowd import Ints, uneven
from generator.shapes.parts import Part, bulk
from generator.world import Attempts, World

FAMILY = Family("benign", "Backup", "Hosts copy their data to a backup target for hours, in chunks that are answered.")
_OBJECTS, _INCREMENTS, _SHELLS, _BLOCKS, _RESTORES, _BROKEN = 6, 5, 4, 5, 2, 3
_ENDS = ("fin", "fin", "server_fin", "rst")


def _object(world: World, *, known: bool) -> Conversation:
    """Parts of one upload; with ``known`` most of them turn out to be stored already."""
    rng = world.rng
    style = (*tls.LIBRARIES, tls.GOLANG)[int(rng.integers(5))]
    conversation = Conversation.tcp(world, client_os=world.pick(("linux", "windows")), server_os="linux", near="client")
    handshake(world, conversation, names.host(rng), style, int(rng.integers(400, 1500)))
    conversation.server(tls.application(int(rng.integers(300, 900)), rng), think=float(rng.lognormal(-3.5, 0.6)))
    size, head = int(rng.integers(30_000, 90_000)), int(rng.integers(300, 900))
    for _ in range(int(rng.integers(5, 16)) if known else int(rng.integers(2, 5))):
        stored = known and rng.random() < 0.8
        said = head if stored else head + (int(rng.integers(2_000, 20_000)) if known else size)
        conversation.client(tls.application(said, rng), think=float(rng.lognormal(-3.5, 0.8)))
        conversation.server(tls.application(int(rng.integers(180, 500))), think=float(rng.lognormal(-2.5, 0.7)))
    return conversation.close(world.pick(_ENDS), think=float(rng.exponential(3.0)))


def _shell(world: World) -> Conversation:
    rng = world.rng
    client = ssh.OPENSSH_CLIENTS[int(rng.integers(len(ssh.OPENSSH_CLIENTS)))]
    server = ssh.SERVERS[int(rng.integers(len(ssh.SERVERS)))]
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux", near="client")
    cipher = logins.cipher_of(client)
    logins.start(world, conversation, client, server, float(rng.uniform(0.0005, 0.004)))
    logins.none_method(conversation, cipher, 6)
    conversation.client(ssh.sealed(600, cipher), think=0.002).server(ssh.sealed(320, cipher), think=0.003)
    conversation.client(ssh.sealed(700, cipher), think=0.004).server(ssh.sealed(1, cipher), think=0.02)
    conversation.client(ssh.sealed(40, cipher), think=0.0005).server(ssh.sealed(40, cipher), think=0.005)
    conversation.client(ssh.sealed(160, cipher), think=0.001)
    for _ in range(int(rng.integers(1, 5))):  # the list of files and what differs
        conversation.server(ssh.sealed(int(rng.integers(60, 3000)), cipher), think=float(rng.lognormal(-3, 0.8)))
        conversation.client(ssh.sealed(int(rng.integers(400, 5000)), cipher), think=float(rng.lognormal(-4, 0.8)))
    for _ in range(int(rng.integers(1, 4))):
        conversation.client(bulk(rng, int(rng.integers(15_000, 80_000))), think=float(rng.lognormal(-3.5, 1.0)))
        conversation.server(ssh.sealed(int(world.pick((20, 40, 80))), cipher), think=0.003)
    conversation.server(ssh.sealed(60, cipher), think=0.05).client(ssh.sealed(40, cipher), think=0.002)
    return conversation.close("fin", think=0.01)


def _iscsi(world: World) -> Conversation:
    """Writes of 8 to 64 kB, each with a command (RFC 7143), data and a response; a few reads to verify; pings."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(("windows", "linux")), server_os="linux").open()
    size = int(world.pick((8_192, 16_384, 32_768)))
    for number in range(int(rng.integers(3, 7))):
        verifies = number > 0 and rng.random() < 0.25
        counters = struct.pack("!III", number + 1, number + 2, number + 3)
        tag, lun = struct.pack("!I", number), bytes(8)
        command = struct.pack("!BBxx", 0x01, 0xC1 if verifies else 0xA1) + bytes(4) + lun + tag
        command += struct.pack("!III", size, number + 1, number + 2)
        block = struct.pack("!BBIxIBx", 0x28 if verifies else 0x2A, 0, 2048 * number, 0, 0)[:10] + bytes(6)
        data: list[Part] = [*bulk(rng, size)]
        inside = size.to_bytes(3, "big")
        if verifies:
            conversation.client(command + block, think=float(rng.lognormal(-6, 1.0)))
            head = struct.pack("!BBxxB3s", 0x25, 0x81, 0, inside) + lun + tag + b"\xff" * 4 + counters + bytes(12)
            conversation.server([head, *data], think=0.002)
            continue
        immediate = command[:4] + b"\x00" + inside + command[8:] + block
        conversation.client([immediate, *data], think=float(rng.lognormal(-6, 1.0)))
        answer = struct.pack("!BBBB", 0x21, 0x80, 0, 0) + bytes(12) + tag + bytes(4) + counters + bytes(12)
        conversation.server(answer, think=float(rng.lognormal(-6, 0.8)))
    return conversation.close("none")


def _nfs(world: World) -> Conversation:
    """WRITE calls of NFS 3 (RFC 1813) in one RPC record each, answered in 136 bytes, and a COMMIT."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux").open()
    size, handle = int(world.pick((16_384, 32_768))), rng.bytes(28)
    unix = struct.pack("!II", 0, 4) + b"host" + struct.pack("!III", 0, 0, 0)
    credential = struct.pack("!II", 1, len(unix)) + unix + bytes(8)
    total = int(rng.integers(3, 8))
    for number in range(total):
        commits = number == total - 1
        call = struct.pack("!IIIIII", 0x1000 + number, 0, 2, 100003, 3, 21 if commits else 7) + credential
        call += struct.pack("!I", len(handle)) + handle + struct.pack("!QI", number * size, size)
        data: list[Part] = [] if commits else [struct.pack("!II", 0, size), *bulk(rng, size)]
        length = len(call) + (0 if commits else 8 + size)
        conversation.client([struct.pack("!I", 1 << 31 | length), call, *data], think=float(rng.lognormal(-6, 1.0)))
        told = struct.pack("!IIIIII", 0x1000 + number, 1, 0, 0, 0, 0) + struct.pack("!III", 0, 0, 0)
        told += (b"" if commits else struct.pack("!II", size, 0)) + rng.bytes(8)
        conversation.server(struct.pack("!I", 1 << 31 | len(told)) + told, think=float(rng.lognormal(-6, 0.8)))
    return conversation.close("none")


def _restore(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux", near="client")
    handshake(world, conversation, names.host(rng), tls.GOLANG, 500)
    for _ in range(int(rng.integers(2, 5))):
        conversation.server(tls.application(int(rng.integers(30_000, 90_000)), rng), think=0.03)
        conversation.client(tls.application(int(rng.integers(350, 700))), think=float(rng.lognormal(-4, 0.8)))
    return conversation.server(tls.application(400), think=0.02).close("fin", think=0.5)


def _broken(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux", near="client")
    if number == 0:
        return conversation.send("S").repeat(think=1.0).repeat(think=2.0).repeat(think=4.0)
    handshake(world, conversation, names.host(rng), tls.GOLANG, 700)
    conversation.server(tls.application(320), think=0.03)
    conversation.client(tls.application(40_000, rng), think=0.02)
    return conversation.close("server_rst" if number == 1 else "rst", think=float(rng.uniform(0.1, 5.0)))


def conversations(world: World) -> list[Conversation]:
    """Objects, increments, shells, blocks (iSCSI and NFS), restores, broken ones, in this order."""
    made = [_object(world, known=False) for _ in range(_OBJECTS)]
    made += [_object(world, known=True) for _ in range(_INCREMENTS)] + [_shell(world) for _ in range(_SHELLS)]
    made += [(_iscsi, _nfs)[number % 2](world) for number in range(_BLOCKS)]
    made += [_restore(world) for _ in range(_RESTORES)]
    return made + [_broken(world, number) for number in range(_BROKEN)]


_KINDS = 6
_COUNTS = np.array((_OBJECTS, _INCREMENTS, _SHELLS, _BLOCKS, _RESTORES, _BROKEN))


def _turns(world: World, intended: Ints, hosts: int) -> Ints:
    """Whose turn it is: two or three jobs at a time, one host after the other through the campaign."""
    if not len(intended):
        return np.zeros(0, np.int64)
    span = max(float(intended[-1] - intended[0]), 1.0)
    share = (intended - intended[0]) / span
    side_by_side = int(world.rng.integers(1, 4))
    turn = np.floor(share * max(hosts / side_by_side, 1.0)).astype(np.int64) * side_by_side
    whose: Ints = (turn + world.rng.integers(0, side_by_side, len(intended))) % hosts
    return whose


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Each host has one way and one target; the plan's arrivals are the connections and parts of whose turn it is."""
    n, rng = len(intended), world.rng
    owners = np.concatenate([world.sites, world.inside])
    count = int(np.clip(int(world.params.get("hosts", rng.integers(3, 25))), 1, len(owners)))
    hosts = owners[rng.permutation(len(owners))[:count]]
    storage = world.some(world.sites, 1, 2)  # on the own network
    providers = world.some(world.outside_servers, 1, 3)
    way = rng.choice(4, count, p=uneven(rng, 4, 3.0))
    job = _turns(world, intended, count)
    kind = np.where(rng.random(n) < 0.05, rng.choice((4, 5), n), way[job])
    local = kind == 3
    block = rng.integers(0, _BLOCKS, n)
    inner = np.where(kind == 3, block, rng.integers(0, 1 << 30, n) % _COUNTS[kind])
    bases = np.concatenate([[0], np.cumsum(_COUNTS)[:-1]])
    dst = np.where(local[:, None], storage[job % len(storage)], providers[job % len(providers)])
    itself = (dst == hosts[job]).all(axis=1)  # the storage host has a provider of its own
    port = np.where(kind == 2, 22, 443)
    return Attempts.of(
        world,
        intended,
        src=hosts[job],
        dst=np.where(itself[:, None], providers[job % len(providers)], dst),
        dst_port=np.where(local, np.where(block % 2 == 0, 3260, 2049), port),
        template=bases[kind] + inner,
        rtt_ns=np.where(local, world.lan_rtt(n), world.rtt(count)[job]),
    )
