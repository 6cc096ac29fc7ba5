from __future__ import annotations

import numpy as np
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS

from generator.payload import lay_out
from generator.shapes import lan
from generator.shapes.parts import Part


def flat(parts: list[Part] | bytes) -> bytes:
    return lay_out(parts, 1).data


def test_dhcp_reads_back() -> None:
    rng = np.random.default_rng(1)
    kinds = (lan.DISCOVER, lan.OFFER, lan.REQUEST, lan.ACK)
    for number, kind in enumerate(kinds):
        read = BOOTP(flat(lan.dhcp(rng, kind, relayed=True, host="pc-1")))
        assert read.op == 1 + number % 2
        assert ("message-type", kind) in read[DHCP].options
        assert read[DHCP].options[-1] in ("end", "pad")


def test_multicast_names_read_back() -> None:
    asked = DNS(flat(lan.mdns_query(["_ipp._tcp", "_smb._tcp"])))
    assert [question.qname for question in asked.qd] == [b"_ipp._tcp.local.", b"_smb._tcp.local."]
    told = DNS(flat(lan.mdns_answer(np.random.default_rng(1), "_ipp._tcp", "printer")))
    assert [record.type for record in told.an] == [12, 33, 16, 1]
    assert told.an[1].rrname == told.an[0].rdata == b"printer._ipp._tcp.local."


def test_netbios_names_are_encoded_in_halves() -> None:
    name = lan.netbios("pc", 0x20)
    assert name == b"\x20" + b"FAED" + b"CA" * 14 + b"\0"
