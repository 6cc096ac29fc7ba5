from __future__ import annotations

import numpy as np
import pytest
from scapy.layers.dns import DNS
from scapy.layers.x509 import X509_Cert

from generator.payload import lay_out
from generator.shapes import ber, dns, http, names, ssh, tls, x509
from generator.shapes.parts import Part, bulk, length, rand


def flat(parts: list[Part]) -> bytes:
    return lay_out(parts, 1).data


def test_a_question_and_its_answer_read_alike() -> None:
    labels: list[Part] = [rand(30, "hex", "name"), b"tunnel", b"example"]
    asked = DNS(flat(dns.query(labels, dns.TXT, edns=True)))
    answer = dns.record(dns.TXT, dns.txt_data(300))
    told = DNS(flat(dns.response(labels, dns.TXT, [answer], edns=True)))
    assert (asked.qr, asked.qdcount, asked.arcount) == (0, 1, 1)
    assert (told.qr, told.ancount, told.rcode) == (1, 1, 0)
    assert told.qd[0].qname == asked.qd[0].qname
    assert len(told.an[0].rdata) == 2


def test_no_such_name_carries_the_zone() -> None:
    told = DNS(flat(dns.response("www.example", dns.A, [], rcode=dns.NXDOMAIN, authority=[dns.soa("example")])))
    assert (told.rcode, told.nscount) == (3, 1)
    assert told.ns[0].rrname == b"example."


@pytest.mark.parametrize("style", [*tls.BROWSERS, *tls.LIBRARIES])
def test_records_have_the_lengths_that_they_say(style: tls.ClientStyle) -> None:
    rng = np.random.default_rng(1)
    flights = [
        tls.client_hello(rng, "www.example", style),
        tls.server_flight_13(rng, style, 3000),
        tls.server_flight_12(rng, "www.example", 3000),
        tls.client_finish_12(),
        tls.application(40_000, rng),
    ]
    for flight in flights:
        data, at = flat(flight), 0
        while at < len(data):
            assert data[at] in (20, 22, 23)
            at += 5 + int.from_bytes(data[at + 3 : at + 5], "big")
        assert at == len(data)


def test_padded_hellos_have_the_usual_size() -> None:
    assert length(tls.client_hello(np.random.default_rng(1), "www.example", tls.FIREFOX)) >= 517
    assert length(tls.client_hello(np.random.default_rng(1), "www.example", tls.CHROME)) > 1400


def test_certificates_are_whole() -> None:
    certificate = X509_Cert(x509.certificate(np.random.default_rng(1), "www.example", 1500))
    assert certificate.tbsCertificate.subject[0].rdn[0].value.val == b"www.example"


def test_lengths_of_ber_grow() -> None:
    assert ber.octets(b"a") == b"\x04\x01a"
    assert ber.octets(bytes(200))[:3] == b"\x04\x81\xc8"
    assert ber.octets(bytes(300))[:4] == b"\x04\x82\x01\x2c"
    assert ber.integer(128) == b"\x02\x02\x00\x80"


def test_http_counts_its_body() -> None:
    rng = np.random.default_rng(1)
    page = http.html(rng, 500)
    assert len(page) == 500
    head, _, body = flat(http.response(200, http.server_headers(rng, "nginx", "text/html"), page)).partition(
        b"\r\n\r\n"
    )
    assert b"Content-Length: 500" in head
    assert body == page
    assert b"Content-Length" not in flat(http.request("GET", b"/", [("Host", b"x.example")]))
    assert b"Content-Length: 12" in flat(http.request("POST", b"/", [], [rand(10), b"ab"]))


@pytest.mark.parametrize("one", [*ssh.GUESSING_TOOLS, *ssh.SERVERS, *ssh.OPENSSH_CLIENTS])
def test_ssh_packets_are_padded_to_blocks(one: ssh.Implementation) -> None:
    data = flat(ssh.kexinit(one))
    assert len(data) % 8 == 0
    assert int.from_bytes(data[:4], "big") == len(data) - 4
    assert data[4] >= 4


def test_names_belong_to_nobody() -> None:
    rng = np.random.default_rng(1)
    reserved = (".example", ".test", ".example.com", ".example.net", ".example.org", ".in-addr.arpa")
    for make in (names.domain, names.host, names.cdn, names.machine):
        for _ in range(60):
            made = make(rng)
            assert made.endswith(reserved)
            assert all(0 < len(label) < 64 for label in made.split("."))


def test_bulk_is_mostly_fixed() -> None:
    parts = bulk(np.random.default_rng(1), 1000)
    assert length(parts) == 1000
    assert len(parts[1]) == 968
