"""RDP password guessing: connection after connection in which the login fails, over whichever security both ends speak.

Variants, drawn per campaign: the tool (hydra, crowbar and patator through FreeRDP; ncrack with its own code and its
cookie; NLBrute and other Windows tools; botnets in Java and Go), the server (2008 R2 to 2022, or xrdp), and with them:

* network level authentication: X.224 request with ``mstshash`` and negotiation, TLS 1.2 or 1.3 with a self-signed
  certificate, NTLM in CredSSP (versions 2 to 6), the refusal (an error code, or just the end), FIN or reset;
* TLS alone: the login screen is drawn, the refusal too, then the tool goes; several tries in one connection;
* standard security of old servers: MCS in clear, RC4 afterwards, several tries in one connection;
* a server that insists on NLA (negotiation failure 5), and connections cut short: refused, silent, or reset at once.

Times: 0.2 to 40 ms of the tool's own, up to 3 s before the next connection, 4 to 250 ms until the refusal (a domain
controller is asked). One attacker alone, a few at up to 15 tries a second, or botnets at one in minutes.
Parameters: ``security`` ("nla", "tls", "standard"), ``attackers``, ``victims``, ``port``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import ntlm, rdp, tls
from generator.shapes.guessing import guesses
from generator.shapes.parts import Part, rand
from generator.shapes.smb import Turn
from generator.world import Attempts, World

FAMILY = Family("credential", "RDP password guessing", "Many failed RDP logins.", "T1110.001", "TA0006")
_End = Literal["fin", "server_fin", "rst", "server_rst"]
_TOOLS: Final = 4
_EACH: Final = 8
_USERS: Final = ("administrator", "admin", "user", "test", "guest", "support", "backup", "Administrateur", "user1")
_NO_ALPN: Final = {
    "openssl": tls.ClientStyle(tls.OPENSSL.suites, padded=True, alpn=()),
    "schannel": tls.SCHANNEL12,
    "java": tls.ClientStyle(tls.OPENSSL.suites[3:], tls13=False, alpn=()),
    "go": tls.ClientStyle(tls.GOLANG.suites, alpn=()),
}


@dataclass(frozen=True)
class _Tool:
    """A tool: its system, cookie ("" the user's name, "-" none), TLS library, CredSSP version, securities."""

    system: str
    cookie: str
    library: str
    version: int
    securities: tuple[str, ...]


_KNOWN: Final = (
    _Tool("linux", "", "openssl", 6, ("nla", "nla", "nla", "tls")),  # hydra 9, crowbar, patator: FreeRDP
    _Tool("linux", "", "openssl", 3, ("nla", "tls", "standard")),  # FreeRDP 1
    _Tool("linux", "NCRACK_USER", "openssl", 2, ("standard", "standard", "tls")),  # ncrack
    _Tool("linux", "hydra", "openssl", 2, ("standard", "nla")),  # hydra 8
    _Tool("windows", "", "schannel", 6, ("nla",)),  # mstsc's library in a loop
    _Tool("windows", "Administr", "schannel", 2, ("nla", "nla", "tls")),  # NLBrute and its kin
    _Tool("windows", "-", "java", 2, ("nla",)),  # GoldBrute
    _Tool("linux", "Domain", "go", 5, ("nla", "tls")),  # bots in Go
    _Tool("embedded", "hello", "openssl", 2, ("standard", "nla")),
)


def _cookie(world: World, tool: _Tool, user: str) -> str | list[Part]:
    if tool.cookie == "-":
        return ""
    if tool.cookie:
        return tool.cookie
    return user[:9] if world.rng.random() < 0.8 else [rand(int(world.rng.integers(4, 9)), "lower")]


def _nla(world: World, tool: _Tool, machine: ntlm.Machine, user: str) -> tuple[list[Turn], _End]:
    """One login in CredSSP and how the connection ends."""
    rng = world.rng
    style = _NO_ALPN[tool.library]
    tls13 = bool(style.tls13 and machine.version[2] >= 20348 and rng.random() < 0.8)
    version = min(tool.version, 6 if machine.version[0] == 10 else 3)
    host = machine.name if rng.random() < 0.5 else "198.18.0.10"
    turns = rdp.tls_start(rng, host, style, tls13=tls13)
    turns += rdp.nla_login(machine, user, machine.domain if rng.random() < 0.4 else "", ok=False, tls13=tls13,
                           version=version)  # fmt: skip
    return turns, world.pick(("fin", "rst", "fin", "server_fin", "server_rst"))


def _screen(world: World, tool: _Tool, user: str, tries: int) -> tuple[list[Turn], _End]:
    """TLS alone: a session is started, its login screen drawn, and each try answered with another picture."""
    rng = world.rng
    channels = int(rng.integers(0, 4))
    turns = rdp.tls_start(rng, "198.18.0.10", _NO_ALPN[tool.library])
    turns += rdp.session_start(rng, user, channels)
    turns.append((rdp.sealed(20), rdp.sealed(int(rng.integers(3000, 16_000)), rng=rng)))
    for _ in range(tries):
        keys = rdp.sealed(int(rng.integers(40, 120)))
        turns.append((keys, rdp.sealed(int(rng.integers(700, 6000)), rng=rng)))
    return turns, world.pick(("rst", "fin", "server_fin"))


def _old(world: World, user: str, tries: int) -> tuple[list[Turn], _End]:
    """Standard security: the logon is one encrypted message, the refusal a picture."""
    rng = world.rng
    turns = rdp.standard_start(world.word().upper(), int(rng.integers(0, 4)))
    logon = rdp.encrypted(200 + 2 * len(user) + int(rng.integers(20, 120)), server=False, flags=0x48)
    turns.append((logon, rdp.encrypted(20, server=True, flags=0x80)))
    capabilities = rdp.encrypted(int(rng.integers(340, 440)), server=True)
    turns.append(([], capabilities))
    turns.append((rdp.encrypted(int(rng.integers(380, 500)), server=False), []))
    for size in (22, 26, 26, 34):
        turns.append((rdp.encrypted(size, server=False), rdp.encrypted(size, server=True)))
    for _ in range(tries):
        keys = rdp.encrypted(int(rng.integers(30, 90)), server=False)
        turns.append((keys, rdp.encrypted(int(rng.integers(500, 4000)), server=True)))
    return turns, world.pick(("rst", "fin", "server_rst"))


def _session(world: World, tool: _Tool, server: str, security: str, most: int, pace: float) -> Conversation:
    rng = world.rng
    machine = ntlm.draw_machine(rng, world.word(), world.word() if rng.random() < 0.5 else "")
    user = str(world.pick(_USERS))
    tries = int(rng.integers(1, most + 1))
    wanted = {"nla": rdp.NLA, "tls": rdp.TLS, "standard": None}[security]
    request = rdp.connection_request(_cookie(world, tool, user), wanted)
    if security == "nla":
        turns, how = _nla(world, tool, machine, user)
    elif security == "tls":
        turns, how = _screen(world, tool, user, tries)
    else:
        turns, how = _old(world, user, tries)
    conversation = Conversation.tcp(world, client_os=tool.system, server_os=server).open()
    chosen = None if wanted is None else min(wanted, 2 if security == "nla" else 1)
    conversation.client(request, think=pace).server(
        rdp.connection_confirm(chosen), think=float(rng.uniform(0.001, 0.03))
    )
    asked = float(rng.uniform(0.004, 0.25))  # how long a refusal takes
    for number, (said, answer) in enumerate(turns):
        if said:
            conversation.client(said, think=pace + float(rng.exponential(0.0005)))
        if answer:
            late = number >= len(turns) - (1 if security == "nla" else tries)
            conversation.server(answer, think=asked if late else float(rng.uniform(0.0003, 0.004)), jitter=0.5)
    return conversation.close(how, think=float(rng.uniform(0.0001, 0.02)))


def _cut_short(world: World, tool: _Tool, server: str) -> Conversation:
    conversation = Conversation.tcp(world, client_os=tool.system, server_os=server)
    how = world.rng.random()
    if how < 0.2:
        return conversation.send("S").refuse()
    if how < 0.35:
        return conversation.send("S").repeat(think=1.0).repeat(think=2.0)
    conversation.open().client(rdp.connection_request(_cookie(world, tool, "admin"), rdp.TLS), think=0.001)
    if how < 0.75:
        conversation.server(rdp.connection_confirm(5, refused=True), think=0.002)
        return conversation.close(world.pick(("fin", "rst", "server_fin")), think=0.001)
    return conversation.close(world.pick(("server_rst", "server_fin")), think=float(world.rng.uniform(0.001, 0.1)))


def conversations(world: World) -> list[Conversation]:
    """For each of four tools seven failed logins and one connection that is cut short."""
    rng, made = world.rng, []
    only = str(world.params.get("security", ""))
    if only not in ("", "nla", "tls", "standard"):
        raise InputError(f"rdp_bruteforce: security is 'nla', 'tls' or 'standard', not {only!r}")
    for number in rng.permutation(len(_KNOWN))[:_TOOLS]:
        tool = _KNOWN[int(number)]
        server = str(world.pick(("windows", "windows-7", "windows-11", "windows", "linux")))
        pace = float(np.exp(rng.uniform(np.log(0.0002), np.log(0.04))))
        most = int(world.pick((1, 1, 2, 5)))
        for _ in range(_EACH - 1):
            security = only or str(world.pick(tool.securities))
            made.append(_session(world, tool, server, security, most, pace))
        made.append(_cut_short(world, tool, server))
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """As guessers do: see ``generator.shapes.guessing``; hosts that moved the port away are found too."""
    return guesses(intended, world, _TOOLS, _EACH, (3389, 3389, 3389, 3389, 3390, 33890))
