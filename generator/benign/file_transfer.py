"""File transfers: FTP with its data connections, downloads and uploads over HTTP, rsync-like streams.

Variants: FTP controls of people (now and then a mistyped password, a file that is not there, an idle time-out), of
programs (a job that logs in each minute, puts one file and leaves: many short logins, all good), and failed ones (a
job whose password has changed: one refusal a connection, again and again; anonymous where it is not allowed; too many
users); data connections both ways; downloads over HTTP whole or in ranges. Sizes of 20 to 350 kB here (heavier ones
look the same and only take longer), mostly in one direction. Parameters: ``failed`` (share of FTP connections whose
login fails, else 0.02 to 0.1).
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
_JOBS, _FAILURES = 4, 5


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


def _job(world: World, number: int) -> Conversation:
    """A program: no time to think, one file, good-bye."""
    conversation = Conversation.tcp(world, client_os=world.pick(("linux", "embedded"))).open()
    conversation.server(b"220 (vsFTPd 3.0.5)\r\n", think=0.004)
    name = world.word().encode()
    dialogue = [
        (b"USER " + name, b"331 Please specify the password."),
        (b"PASS s3cret-" + name, b"230 Login successful."),
        (b"CWD /in", b"250 Directory successfully changed."),
        (b"TYPE I", b"200 Switching to Binary mode."),
        (b"PASV", b"227 Entering Passive Mode (198,18,0,1,100,7)."),
        (b"STOR " + name + b".csv", b"150 Ok to send data.\r\n226 Transfer complete."),
    ]
    for asked, told in dialogue[: 4 if number == 0 else None]:
        conversation.client(asked + b"\r\n", think=0.0005).server(told + b"\r\n", think=0.003)
    conversation.client(b"QUIT\r\n", think=0.0005).server(b"221 Goodbye.\r\n", think=0.0005)
    return conversation.close(world.pick(("fin", "server_fin")), think=0.0002)


def _failure(world: World, number: int) -> Conversation:
    """A login that is refused, once; or a server that has no room."""
    conversation = Conversation.tcp(world).open()
    if number == 4:
        return conversation.server(b"421 Too many users, sorry.\r\n", think=0.003).close("server_fin")
    conversation.server(b"220 ProFTPD Server ready.\r\n", think=0.01)
    user = b"anonymous" if number == 3 else world.word().encode()
    conversation.client(b"USER " + user + b"\r\n", think=0.001)
    conversation.server(b"331 Password required for " + user + b"\r\n", think=0.002)
    conversation.client([b"PASS ", Rand(10), b"\r\n"], think=0.001)
    conversation.server(b"530 Login incorrect.\r\n", think=float(world.rng.uniform(0.3, 3.0)))
    return conversation.client(b"QUIT\r\n", think=0.001).server(b"221 Goodbye.\r\n").close("server_fin")


def conversations(world: World) -> list[Conversation]:
    """Eight controls, eight data connections, eight downloads, four jobs, five failures."""
    made = [make(world) for make in (_control, _data, _download) for _ in range(_EACH)]
    made += [_job(world, number) for number in range(_JOBS)]
    return made + [_failure(world, number) for number in range(_FAILURES)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """People outside use two or three sites for FTP, so do some programs; hosts inside load files from outside."""
    n, rng = len(intended), world.rng
    failed = float(np.clip(world.params.get("failed", rng.uniform(0.02, 0.1)), 0.0, 0.9))
    kind = rng.choice(5, n, p=np.append(np.array((0.22, 0.24, 0.36, 0.18)) * (1.0 - failed), failed))
    out = (kind == 2)[:, None]
    programs = world.some(world.clients, 2, 6)
    job = rng.integers(0, len(programs), n)
    people = world.draw(world.some(world.clients, 20, 200), n)
    src = np.where(out, world.draw(world.inside, n), np.where((kind >= 3)[:, None], programs[job], people))
    servers = world.some(world.sites, 2, 3)
    theirs = servers[job % len(servers)]
    dst = np.where(out, world.draw(world.outside_servers, n, zipf=0.8), world.draw(servers, n))
    dst = np.where((kind >= 3)[:, None], theirs, dst)
    # a program that is also the server has nobody to talk to but the other one
    same = (src == dst).all(axis=1)
    dst = np.where(same[:, None], world.draw(world.outside_servers, n), dst)
    port = np.where(kind == 1, rng.integers(20_000, 30_000, n), np.where(kind == 2, 80, 21))
    counts = np.array((_EACH, _EACH, _EACH, _JOBS, _FAILURES))
    bases = np.concatenate([[0], np.cumsum(counts)[:-1]])
    inner = np.where(kind == 3, job, rng.integers(0, 1 << 30, n)) % counts[kind]
    return Attempts.of(world, intended, src=src, dst=dst, dst_port=port, template=bases[kind] + inner)
