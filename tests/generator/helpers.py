"""Small worlds, plans and frames for the generator's tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from generator.conversation import Conversation, Rand
from generator.path import CLEAN
from generator.plan import Plan, _rows
from generator.template import compile_conversations
from generator.traffic import chunks
from generator.workload import Share, Workload
from generator.world import Attempts, Layout, World, make_world

START = 1_784_970_000_000_000_000
WORKLOAD = Workload(
    seed=7,
    start_ns=START,
    duration_s=4.0,
    curve=((0.0, 60.0),),
    attacks=(Share("syn_flood"),),
    benign=(Share("web_browsing"),),
    benign_curve=((0.0, 15.0),),
    sites=10,
    clients=200,
    ipv6_share=0.4,
)


def world(seed: int = 7, **changes: Any) -> World:
    return make_world(replace(WORKLOAD, seed=seed, **changes), "syn_flood", {})


def plan_of(make: Callable[[World], list[Conversation]], n: int = 40, *, ipv6: bool = True, seed: int = 7) -> Plan:
    """A plan of ``n`` attempts, round robin over the conversations that ``make`` scripts."""
    workload = replace(WORKLOAD, seed=seed)
    layout = Layout(workload)
    here = make_world(workload, "syn_flood", {}, layout)
    made = make(here)
    attempts = Attempts.of(
        here,
        START + np.arange(n) * 10_000_000,
        src=here.draw(here.clients, n),
        dst=here.draw(here.sites, n),
        dst_port=80,
        template=np.arange(n) % len(made),
        ipv6=ipv6,
    )
    table = _rows(attempts, 0, 0, layout, workload)
    return Plan(workload, compile_conversations(made), table, ("syn_flood",), np.array([True]))


def every_kind(here: World) -> list[Conversation]:
    """One conversation of each kind of frame that the stamp can write, IP only."""
    made = []
    for client, server in (("linux", "windows"), ("macos", "linux"), ("masscan", "freebsd"), ("zmap", "embedded")):
        talk = Conversation.tcp(here, client_os=client, server_os=server, path=CLEAN).open()
        talk.client([b"GET /", Rand(7, "hex", key="x"), b" HTTP/1.1\r\n\r\n"], think=0.01)
        talk.server([b"HTTP/1.1 200 OK\r\n\r\n", Rand(3000, "bytes"), here.noise(40_001)], think=0.02)
        made.append(talk.client(Rand(5, "hex", key="x"), think=0.3).close("fin"))
    made.append(Conversation.tcp(here).send("S").refuse())
    made.append(
        Conversation.udp(here, near="client")
        .client([Rand(2, "bytes", key="id"), b"odd", Rand(9, "base32")])
        .server([Rand(2, "bytes", key="id"), b"answer", Rand(33, "alnum")])
    )
    made.append(Conversation.udp(here).client([b"probe", Rand(11, "digits")]).unreachable(3))
    made.append(Conversation.tcp(here, client_os="nmap").send("S").unreachable(13))
    made.append(Conversation.icmp(here).ping([b"abc", Rand(13, "base64")], think=1.0).ping(b"x" * 56, think=1.0))
    made.append(Conversation.ip(here, 253).client([b"\0\0\x88\xbe", Rand(20, "bytes")]))
    return made


def arp_kind(here: World) -> list[Conversation]:
    return [
        Conversation.arp(here).who_has(),
        Conversation.arp(here).is_at(),
        Conversation.arp(here).who_has(reply=False),
    ]


def untagged(frame: bytes) -> bytes:
    """The frame without its 802.1Q tag."""
    return frame[:12] + frame[16:] if frame[12:14] == b"\x81\x00" else frame


def frames_of(plan: Plan, seconds: float = 1.0) -> tuple[list[int], list[bytes]]:
    """All frames of a plan as (times, bytes)."""
    table = pa.Table.from_batches([chunk.frames for chunk in chunks(plan, seconds)])
    return table.column("ts").cast(pa.int64()).to_pylist(), table.column("frame").to_pylist()
