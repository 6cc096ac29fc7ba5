"""SMB, RDP and NTLM messages: whole, numbered, of the sizes that are seen on real wires, and readable by tshark."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from contract.errors import InputError
from generator import registry
from generator.payload import lay_out
from generator.shapes import ntlm, rdp, smb, smb1, tls
from generator.shapes.parts import Part
from generator.shapes.smb import Turn
from generator.workload import Share
from generator.world import make_world
from tests.generator.helpers import WORKLOAD

MACHINE = ntlm.Machine("FS1", "CORP", "corp.example.com", (10, 0, 17763))


def flat(parts: list[Part]) -> bytes:
    """The bytes with every random part as letters."""
    content = lay_out(parts, 1)
    data = bytearray(content.data)
    for part in content.parts:
        data[part.at : part.at + part.length] = b"x" * part.length
    return bytes(data)


def whole_session(dialect: int, *, signed: bool) -> list[Turn]:
    talk = smb.Smb2(np.random.default_rng(1), dialect, signed=signed)
    answer = ntlm.authenticate(MACHINE, "bob", "CORP", "PC1")
    return [
        talk.negotiated(),
        talk.challenged(MACHINE),
        talk.login(answer, smb.LOGON_FAILURE),
        talk.challenged(MACHINE),
        talk.login(answer),
        talk.tree_connected(r"\\fs1\data"),
        talk.created("", contexts=False),
        talk.listed(("a.txt", "a longer name.docx")),
        talk.listed(()),
        talk.closed(),
        talk.created("a.txt", 5000),
        talk.asked(),
        talk.read([bytes(3000)]),
        talk.written([bytes(2000)]),
        talk.closed(),
        talk.created("none.txt", status=smb.NOT_FOUND),
        talk.tree_connected(r"\\fs1\C$", smb.ACCESS_DENIED),
        talk.echoed(),
        talk.tree_disconnected(),
        talk.logged_off(),
    ]


def old_logins() -> list[Turn]:
    return [
        (smb1.negotiation(smb1.OLD), smb1.negotiated(MACHINE, 5)),
        *smb1.secured_login(MACHINE, "administrator", 1),
        *smb1.secured_login(MACHINE, "administrator", 3, status=smb.OK),
    ]


def older_logins() -> list[Turn]:
    challenge = smb1.negotiated(MACHINE, extended=False)
    return [
        (smb1.negotiation(smb1.NT1), challenge),
        smb1.plain_login("bob", 1),
        smb1.plain_login("bob", 2, v2=True, status=smb.OK),
    ]


def remote_desktop() -> list[Turn]:
    start = (rdp.connection_request("admin", None), rdp.connection_confirm(None))
    logon = (rdp.encrypted(300, server=False, flags=0x48), rdp.encrypted(40, server=True))
    return [start, *rdp.standard_start("PC1"), logon]


TALKS: list[tuple[int, list[Turn]]] = [
    (445, whole_session(0x0202, signed=False)),
    (445, whole_session(0x0311, signed=True)),
    (139, [smb.netbios_session(), *old_logins()]),
    (445, older_logins()),
    (3389, remote_desktop()),
]


@pytest.mark.parametrize("port", [445, 139])
def test_every_smb_message_has_the_length_that_it_says(port: int) -> None:
    for at, turns in TALKS:
        for message in (flat(parts) for turn in turns for parts in turn if at == port):
            assert int.from_bytes(message[2:4], "big") == len(message) - 4


def test_smb_sizes_are_those_of_real_wires() -> None:
    """Measured in captures of Windows 10 against Windows Server: these do not depend on names."""
    sizes = [(len(flat(asked)), len(flat(told))) for asked, told in whole_session(0x0210, signed=False)]
    assert sizes[0][1] == 252  # negotiation with the five usual mechanisms
    assert sizes[1][0] == 166  # session setup with NTLM's first message
    assert sizes[2][1] == sizes[8][1] == sizes[15][1] == 77  # any error
    assert sizes[4][1] == 105  # login accepted
    assert sizes[5][1] == 84  # share connected
    assert sizes[9] == (92, 128)  # closed
    assert sizes[11] == (108, 132)  # asked for FileNetworkOpenInformation
    assert sizes[12] == (117, 3084)  # read
    assert sizes[13] == (2116, 84)  # written
    assert sizes[17] == (72, 72)


def test_smb_messages_are_numbered_and_their_session_begins_with_the_challenge() -> None:
    turns = whole_session(0x0302, signed=True)
    for number, turn in enumerate(turns):
        assert {int.from_bytes(flat(parts)[28:36], "little") for parts in turn} == {number}
    sessions = [[flat(parts)[44:52] == bytes(8) for parts in turn] for turn in turns]
    assert sessions[0] == [True, True]
    assert sessions[1] == sessions[3] == [True, False]
    assert sessions[2] == [False, False]
    assert not any(sessions[4])
    signed = [flat(turn[1])[20] & smb.SIGNED > 0 for turn in turns]
    assert signed == [False] * 4 + [True] * 16


def test_remote_desktop_packets_have_the_length_that_they_say() -> None:
    for message in (flat(parts) for turn in remote_desktop() for parts in turn if parts):
        assert message[0] == 3
        assert int.from_bytes(message[2:4], "big") == len(message)


@pytest.mark.parametrize("tls13", [False, True])
def test_a_refused_login_ends_before_the_password_and_an_accepted_one_starts_a_session(*, tls13: bool) -> None:
    refused = rdp.nla_login(MACHINE, "bob", ok=False, tls13=tls13)
    accepted = rdp.nla_login(MACHINE, "bob", ok=True, tls13=tls13)
    assert len(flat(refused[0][1])) == len(flat(accepted[0][1]))
    assert (len(refused), len(accepted)) == (2, 3)
    assert 30 < len(flat(refused[1][1])) < 50
    assert not rdp.nla_login(MACHINE, "bob", ok=False, version=2)[1][1], "old servers only hang up"
    style = tls.OPENSSL if tls13 else tls.SCHANNEL12
    rng = np.random.default_rng(2)
    turns = rdp.tls_start(rng, "198.18.0.9", style, tls13=tls13) + accepted + rdp.session_start(rng, "bob", tls13=tls13)
    for message in (flat(parts) for turn in turns for parts in turn if parts):
        at = 0
        while at < len(message):
            at += 5 + int.from_bytes(message[at + 3 : at + 5], "big")
        assert at == len(message)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not here")
def test_tshark_reads_every_message(tmp_path: Path) -> None:
    frames, expected = [], 0
    for number, (port, turns) in enumerate(TALKS):
        reach = [1, 1]
        for turn in turns:
            for side, parts in enumerate(turn):
                ends, ports = ("198.18.0.1", "198.18.0.2"), (40_000 + number, port)
                head = IP(src=ends[side], dst=ends[1 - side]) / TCP(
                    sport=ports[side], dport=ports[1 - side], flags="PA", seq=reach[side], ack=reach[1 - side]
                )
                reach[side] += len(flat(parts))
                if parts:
                    frames.append(Ether() / head / flat(parts))
                    expected += 1
    wrpcap(str(tmp_path / "talks.pcap"), frames)
    command = ["tshark", "-r", str(tmp_path / "talks.pcap"), "-T", "fields", "-e", "_ws.col.Protocol"]
    command += ["-e", "_ws.malformed", "-e", "_ws.expert.group"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(lines) == expected
    assert not [line for line in lines if line[1] or "Malformed" in line[2]]
    assert {line[0] for line in lines} == {"SMB2", "SMB", "NBSS", "RDP", "COTP", "T.125"}


@pytest.mark.parametrize(
    ("name", "param", "good"),
    [
        ("rdp_bruteforce", "security", "standard"),
        ("rdp_bruteforce", "security", "nla"),
        ("smb_bruteforce", "tool", "windows"),
    ],
)
def test_a_campaign_may_ask_for_one_variant_and_an_unknown_one_is_refused(name: str, param: str, good: str) -> None:
    workload = replace(WORKLOAD, attacks=(Share(name),))
    made = registry.family(name).conversations(make_world(workload, name, {param: good}))
    first = [next(frame.content.data for frame in one.frames(4) if frame.content.data) for one in made[:7]]
    if good == "nla":
        assert all(data[-4:] == (3).to_bytes(4, "little") for data in first)
    elif good == "standard":
        assert all(data[-8:-7] != b"\x01" or data[-4:] != (3).to_bytes(4, "little") for data in first)
    else:
        assert all(b"LANMAN2.1" in data and b"SMB 2.???" in data for data in first)
    with pytest.raises(InputError, match=f"{param} is"):
        registry.family(name).conversations(make_world(workload, name, {param: "other"}))
