"""SMB password guessing: session setups that end in STATUS_LOGON_FAILURE, over and over.

Variants, drawn per campaign: the tool, and with it how a connection begins and how many tries it holds:

* hydra's own SMB 1 code: NT LM 0.12 alone, LM and NTLM answers without SPNEGO, one try or several on a connection;
* medusa's smbnt: SMB 1 with extended security, on 139 after a NetBIOS session request;
* libsmbclient (hydra's smb2, smbclient loops): SMB 2 at once, one try a connection;
* crackmapexec and NetExec through impacket: multi-protocol negotiation, NTLM with bare flags, one try a connection;
  metasploit's ruby_smb: several tries on one;
* Windows (``net use`` loops, PowerShell): multi-protocol with all old dialects, then SMB 2 or 3, twice the same
  password, the machine's and the domain's names told;
* worms: SMB 1 against old servers, a handful of passwords each.

Some tries meet STATUS_ACCOUNT_LOCKED_OUT after a while, some connections a reset, silence or a refusal. A refusal takes
1 to 120 ms (a domain controller is asked). Parameters: ``tool`` (hydra, medusa, libsmb, impacket, metasploit, windows,
worm), ``attackers``, ``victims``, ``port``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import ntlm, smb, smb1
from generator.shapes.guessing import guesses
from generator.shapes.parts import length
from generator.shapes.smb import Turn
from generator.world import Attempts, World

FAMILY = Family("credential", "SMB password guessing", "Many failed SMB logins.", "T1110.001", "TA0006")
_TOOLS: Final = 4
_EACH: Final = 8
_USERS: Final = ("administrator", "admin", "guest", "backup", "svc_sql", "scanner", "user", "test", "helpdesk")
_DIALECTS: Final = (0x0202, 0x0210, 0x0300, 0x0302, 0x0311, 0x0311)


@dataclass(frozen=True)
class _Tool:
    """A tool: its system, how it begins ("smb1", "plain", "multi", "smb2"), most tries a connection, its NTLM flags."""

    system: str
    begins: str
    most: int
    flags: int = ntlm.WINDOWS_FLAGS
    named: bool = False  # tells its own name and domain
    twice: bool = False  # tries a password again at once


_KNOWN: Final = {
    "hydra": _Tool("linux", "plain", 4),
    "medusa": _Tool("linux", "smb1", 1),
    "libsmb": _Tool("linux", "smb2", 1, ntlm.TOOL_FLAGS[2]),
    "impacket": _Tool("linux", "multi", 1, ntlm.TOOL_FLAGS[1]),
    "metasploit": _Tool("linux", "multi", 6, ntlm.TOOL_FLAGS[0]),
    "windows": _Tool("windows", "windows", 1, named=True, twice=True),
    "worm": _Tool("windows-7", "smb1", 5),
}


def _status(world: World) -> int:
    return smb.ACCOUNT_LOCKED if world.rng.random() < 0.06 else smb.LOGON_FAILURE


def _old(world: World, tool: _Tool, machine: ntlm.Machine, user: str, tries: int) -> list[Turn]:
    """SMB 1, with SPNEGO or without."""
    if tool.begins == "plain":
        turns: list[Turn] = [(smb1.negotiation(smb1.NT1), smb1.negotiated(machine, extended=False))]
        v2 = bool(world.rng.random() < 0.4)
        turns += [smb1.plain_login(user, 1 + number, v2=v2, status=_status(world)) for number in range(tries)]
        return turns
    dialects = smb1.OLD if world.rng.random() < 0.5 else smb1.NT1
    turns = [(smb1.negotiation(dialects), smb1.negotiated(machine, len(dialects) - 1))]
    system = "windows" if tool.system.startswith("windows") else str(world.pick(("unix", "bare")))
    for number in range(tries):
        turns += smb1.secured_login(machine, user, 1 + 2 * number, system, _status(world))
    return turns


def _new(world: World, tool: _Tool, machine: ntlm.Machine, user: str, tries: int) -> list[Turn]:
    """SMB 2 and 3, at once or after a multi-protocol negotiation."""
    talk = smb.Smb2(world.rng, int(world.pick(_DIALECTS)), signed=bool(world.rng.random() < 0.4))
    turns: list[Turn] = []
    if tool.begins != "smb2":
        dialects = smb1.WINDOWS_MULTI if tool.begins == "windows" else smb1.MULTI
        turns.append((smb1.negotiation(dialects), talk.chosen_from_smb1()))
    turns.append(talk.negotiated())
    domain = machine.domain if tool.named or world.rng.random() < 0.3 else ""
    host = world.word().upper() if tool.named else ""
    for _ in range(tries * (2 if tool.twice else 1)):
        turns.append(talk.challenged(machine, tool.flags))
        turns.append(talk.login(ntlm.authenticate(machine, user, domain, host, mic=tool.named), _status(world)))
    return turns


def _session(world: World, tool: _Tool, server: str, netbios: bool, wait: float, pace: float) -> Conversation:  # noqa: FBT001
    rng = world.rng
    machine = ntlm.draw_machine(rng, world.word(), world.word() if rng.random() < 0.6 else "")
    user, tries = str(world.pick(_USERS)), int(rng.integers(1, tool.most + 1))
    make = _old if tool.begins in ("smb1", "plain") else _new
    turns = make(world, tool, machine, user, tries)
    if netbios:
        turns.insert(0, smb.netbios_session(machine.name if rng.random() < 0.4 else "*SMBSERVER", world.word()))
    conversation = Conversation.tcp(world, client_os=tool.system, server_os=server).open()
    for said, answer in turns:
        conversation.client(said, think=pace + float(rng.exponential(0.0004)))
        refusal = length(answer) <= 77
        conversation.server(answer, think=wait if refusal else float(rng.uniform(0.0002, 0.003)), jitter=0.5)
    return conversation.close(
        world.pick(("fin", "fin", "rst", "rst", "server_fin")), think=float(rng.uniform(0.0001, 0.01))
    )


def _cut_short(world: World, tool: _Tool, server: str) -> Conversation:
    conversation = Conversation.tcp(world, client_os=tool.system, server_os=server)
    how = world.rng.random()
    if how < 0.3:
        return conversation.send("S").refuse()
    if how < 0.5:
        return conversation.send("S").repeat(think=1.0).repeat(think=2.0)
    # The server does not speak what it is asked in.
    conversation.open().client(smb1.negotiation(smb1.NT1), think=0.001)
    return conversation.close(world.pick(("server_rst", "server_fin")), think=float(world.rng.uniform(0.0005, 0.02)))


def conversations(world: World) -> list[Conversation]:
    """For each of four tools seven connections of failed logins and one that is cut short."""
    rng, made = world.rng, []
    only = str(world.params.get("tool", ""))
    if only and only not in _KNOWN:
        raise InputError(f"smb_bruteforce: tool is one of {', '.join(_KNOWN)}, not {only!r}")
    names = list(_KNOWN)
    chosen = [only] * _TOOLS if only else [names[int(k)] for k in rng.permutation(len(names))[:_TOOLS]]
    netbios = _port(world) == 139
    for name in chosen:
        tool = _KNOWN[name]
        old = tool.begins in ("smb1", "plain")
        server = str(world.pick(("windows-7", "windows-xp", "linux") if old else ("windows", "windows-11", "linux")))
        wait, pace = float(rng.uniform(0.001, 0.12)), float(np.exp(rng.uniform(np.log(0.0002), np.log(0.03))))
        made += [_session(world, tool, server, netbios, wait, pace) for _ in range(_EACH - 1)]
        made.append(_cut_short(world, tool, server))
    return made


def _port(world: World) -> int:
    """The campaign's port: 445, seldom 139; known before the conversations are, as those differ."""
    seldom = np.random.default_rng([world.workload.seed, 139]).random() < 0.15
    return int(world.params.get("port", 139 if seldom else 445))


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """As guessers do: see ``generator.shapes.guessing``."""
    return guesses(intended, world, _TOOLS, _EACH, (_port(world),))
