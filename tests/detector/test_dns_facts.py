"""DNS facts against scapy's messages and a plain computation."""

from __future__ import annotations

import math
import struct
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR

from tests.detector.captured import ACK, PSH, A, B, eth, ip4, meter_of, tcp, udp


def ask(name, kind=1):
    return bytes(DNS(rd=1, qd=DNSQR(qname=name, qtype=kind)))


def to_server(message):
    return eth(ip4(A, B, 17, udp(5000, 53, message)))


def to_client(message):
    return eth(ip4(B, A, 17, udp(53, 5000, message)))


def facts(frames):
    return meter_of(frames).table.flows[0]


def entropy(text):
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


NAMES = [
    "example.com",
    "a1b2c3.t.example.com",
    "x" * 60 + "." + "y" * 50 + ".tunnel.example",
    "com",
    "A1B2C3.T.EXAMPLE.COM",
]


def test_queries_add_up():
    flow = facts([to_server(ask(name)) for name in NAMES])
    inner = [name.split(".")[:-2] for name in NAMES]
    assert flow["dns_queries"] == 5
    assert flow["dns_name_bytes"] == sum(map(len, NAMES))
    assert flow["dns_name_max"] == max(map(len, NAMES))
    assert flow["dns_labels_max"] == 4
    assert flow["dns_label_max"] == 60
    assert flow["dns_digits"] == sum(c.isdigit() for labels in inner for c in "".join(labels))
    assert flow["dns_entropy_sum"] == pytest.approx(sum(entropy("".join(labels)) for labels in inner), rel=1e-5)
    assert flow["dns_name_changes"] == 4


def test_names_and_domains_fold_case_and_meet():
    flows = [facts([to_server(ask(name))]) for name in NAMES]
    assert flows[1]["asked_hash"] == flows[4]["asked_hash"]
    assert flows[0]["dns_domain_hash"] == flows[1]["dns_domain_hash"] == flows[4]["dns_domain_hash"]
    assert flows[0]["dns_domain_hash"] != flows[2]["dns_domain_hash"]
    assert flows[0]["asked_hash"] != flows[1]["asked_hash"]


def test_types_and_replies():
    answer = DNS(qr=1, qd=DNSQR(qname="a.b.c"), an=DNSRR(rrname="a.b.c", rdata="198.18.0.9"))
    missing = bytes(DNS(qr=1, rcode=3, qd=DNSQR(qname="a.b.c")))
    queries = [to_server(ask("a.b.c", kind)) for kind in (16, 255, 1, 10, 28)]
    flow = facts([*queries, to_client(bytes(answer)), to_client(missing), to_client(missing)])
    assert (flow["dns_type_first"], flow["dns_rare_types"], flow["dns_any"]) == (16, 3, 1)
    assert (flow["dns_replies"], flow["dns_nxdomain"], flow["dns_failed"], flow["dns_answers"]) == (3, 2, 2, 1)
    assert flow["dns_reply_bytes"] == len(bytes(answer)) + 2 * len(missing)
    assert flow["dns_rcode_last"] == 3


def test_over_tcp_a_length_stands_before():
    message = ask("a.b.example.org")
    flow = facts([eth(ip4(A, B, 6, tcp(5000, 53, PSH | ACK, struct.pack("!H", len(message)) + message)))])
    assert (flow["dns_queries"], flow["dns_name_bytes"]) == (1, 15)


def test_other_ports_are_no_dns():
    assert facts([eth(ip4(A, B, 17, udp(5000, 80, ask("a.b.c"))))])["dns_queries"] == 0


@given(st.binary(max_size=80), st.integers(0, 60))
def test_any_message_is_survived(noise, keep):
    meter = meter_of([to_server(ask("abc.example.com")[:keep] + noise), to_server(ask("abc.example.com"))])
    assert not meter.table.letters.any()
    assert meter.table.flows[0]["dns_queries"] >= 1
