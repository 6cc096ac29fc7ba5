"""File transfers: FTP with its data connections, downloads and uploads over HTTP, software updates in ranges,
rsync-like streams.

Sizes of 20 to 350 kB here (heavier ones look the same and only take longer), mostly in one direction; a few failed
FTP logins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes import http, names
from generator.shapes.parts import Parts, bulk
from generator.world import Attempts, World

FAMILY = Family("benign", "File transfer", "People and programs copy files over FTP, HTTP and other channels.")
_EACH = 8


def _size(world: World) -> int:
    return int(np.clip(world.rng.lognormal(11.2, 1.0), 20_000, 350_000))


def _control(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world).open().server(b"220 FTP Server ready.\r\n", think=0.02)
    user = world.word().encode()
    tries = 2 if rng.random() < 0.15 else 1
    for number in range(tries):
        conversation.client(b"USER " + user + b"\r\n", think=float(rng.lognormal(0, 1)) if number else 0.002)
        conversation.server(b"331 Please specify the password.\r\n", think=0.002)
        conversation.client([b"PASS ", Rand(int(rng.integers(6, 14))), b"\r\n"], think=float(rng.lognormal(-2, 2)))
        good = number == tries - 1
        conversation.server(
            b"230 Login successful.\r\n" if good else b"530 Login incorrect.\r\n", think=0.05 if good else 2.0
        )
    for command, answer in (
        (b"SYST", b"215 UNIX Type: L8"),
        (b"PWD", b'257 "/" is the current directory'),
        (b"TYPE I", b"200 Switching to Binary mode."),
    ):
        conversation.client(command + b"\r\n", think=0.003).server(answer + b"\r\n", think=0.001)
    for _ in range(int(rng.integers(1, 5))):
        conversation.client(b"EPSV\r\n", think=float(rng.lognormal(0, 1.2)))
        conversation.server([b"229 Entering Extended Passive Mode (|||2", Rand(4, "digits"), b"|)\r\n"], think=0.002)
        conversation.client(f"{world.pick(('RETR', 'STOR', 'LIST'))} {world.word()}.zip\r\n".encode(), think=0.002)
        conversation.server(b"150 Ok to send data.\r\n", think=0.002)
        conversation.server(b"226 Transfer complete.\r\n", think=float(rng.lognormal(-1, 1)))
    conversation.client(b"QUIT\r\n", think=1.0).server(b"221 Goodbye.\r\n", think=0.001)
    return conversation.close("server_fin")


def _data(world: World) -> Conversation:
    conversation = Conversation.tcp(world).open()
    payload = bulk(world.rng, _size(world))
    if world.rng.random() < 0.6:
        return conversation.server(payload, think=0.005).close("server_fin")
    return conversation.client(payload, think=0.005).close("fin")


def _download(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, near="client").open()
    agent = str(world.pick((*http.TOOLS, "Microsoft-Delivery-Optimization/10.0", "Debian APT-HTTP/1.3 (2.6.1)")))
    headers: list[tuple[str, Parts]] = [("Host", names.host(rng).encode()), ("User-Agent", agent.encode())]
    pieces = int(world.pick((1, 1, 2, 4)))
    for piece in range(pieces):
        size = _size(world) // pieces
        ranged: list[tuple[str, Parts]] = (
            [("Range", f"bytes={piece * size}-{(piece + 1) * size - 1}".encode())] if pieces > 1 else []
        )
        conversation.client(http.request("GET", http.path(rng, ".deb").encode(), [*headers, *ranged]), think=0.003)
        reply = http.server_headers(rng, "nginx", "application/octet-stream", cached=True)
        conversation.server(http.response(200, reply, bulk(rng, size)), think=0.01)
    return conversation.close(world.pick(("fin", "server_fin")), think=0.1)


def conversations(world: World) -> list[Conversation]:
    """Eight controls, eight data connections, eight downloads."""
    return [make(world) for make in (_control, _data, _download) for _ in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """People outside use two or three sites for FTP; hosts inside load files from outside."""
    n, rng = len(intended), world.rng
    kind = rng.choice(3, n, p=(0.3, 0.3, 0.4))
    out = (kind == 2)[:, None]
    src = np.where(out, world.draw(world.inside, n), world.draw(world.some(world.clients, 20, 200), n))
    dst = np.where(out, world.draw(world.outside_servers, n, zipf=0.8), world.draw(world.some(world.sites, 2, 3), n))
    port = np.where(kind == 0, 21, np.where(kind == 1, rng.integers(20_000, 30_000, n), 80))
    return Attempts.of(
        world, intended, src=src, dst=dst, dst_port=port, template=kind * _EACH + rng.integers(0, _EACH, n)
    )
