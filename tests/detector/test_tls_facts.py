"""What is read of hellos, whole, cut and damaged, and the fingerprint against its description's example."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector import tls_facts
from detector.message_row import MESSAGE, PARTIAL
from detector.sha256 import new_digest
from tests.detector import hellos

LISTS, DIGEST = tls_facts.new_lists(), new_digest()


def read(record):
    row = np.zeros(1, MESSAGE)
    data = np.frombuffer(record + b"\xee" * 300, np.uint8)  # what lies behind must not be read
    tls_facts.client_hello(row[0], LISTS, DIGEST, data, 9, len(record))
    return row[0]


def fingerprint(row):
    return row["ja4"].tobytes().decode()


def test_the_example_of_the_description():
    assert hellos.ja4(hellos.client_hello()) == hellos.EXAMPLE_JA4
    row = read(hellos.client_hello())
    assert fingerprint(row) == hellos.EXAMPLE_JA4
    assert (row["version"], row["ciphers"], row["extensions"], row["seen"] & PARTIAL) == (0x0304, 15, 16, 0)
    assert row["sni"][: row["sni_length"]].tobytes() == b"www.example.com"
    assert row["alpn"][: row["alpn_length"]].tobytes() == b"h2"


def test_of_a_long_name_the_end_is_kept():
    name = b"a" * 70 + b".tracker.example.com"
    row = read(hellos.client_hello(extensions=hellos.example_extensions(name)))
    assert row["sni_length"] == 90
    assert row["sni"].tobytes() == name[-64:]


values = st.one_of(st.integers(0, 0xFFFF), st.sampled_from([0x0A0A, 0xFAFA, 0x0A1A]))


@st.composite
def any_hello(draw):
    ciphers = draw(st.lists(values, max_size=150))
    kinds = draw(st.lists(values.filter(lambda kind: kind not in (0, 13, 16, 43)), max_size=60, unique=True))
    listed = [hellos.extension(kind, draw(st.binary(max_size=5))) for kind in kinds]
    if draw(st.booleans()):
        alpn = draw(st.one_of(st.sampled_from([b"h2", b"http/1.1", b"x"]), st.binary(min_size=1, max_size=40)))
        listed.append(hellos.extension(16, hellos.vector(hellos.vector(alpn, 1), 2)))
    if draw(st.booleans()):
        listed.append(hellos.extension(13, hellos.vector(hellos.numbers(draw(st.lists(values, max_size=20))), 2)))
    if draw(st.booleans()):
        name = draw(st.binary(min_size=1, max_size=255))
        listed.append(hellos.extension(0, hellos.vector(b"\0" + hellos.vector(name, 2), 2)))
    listed = draw(st.permutations(listed)) or [hellos.extension(0x2A2A)]
    return hellos.client_hello(ciphers, listed, draw(st.sampled_from([0x0300, 0x0301, 0x0302, 0x0303, 0x0999])))


@given(any_hello())
def test_fingerprints_are_those_of_the_plain_one(record):
    assert fingerprint(read(record)) == hellos.ja4(record)


def test_more_than_fits_has_no_fingerprint_but_counts():
    row = read(hellos.client_hello(list(range(0x100, 0x300))))
    assert (row["ciphers"], fingerprint(row)) == (512, "\0" * 36)


@pytest.mark.parametrize("seed", range(3))
def test_cut_and_damaged_hellos_are_read_as_far_as_they_go(seed):
    rng, whole = random.Random(seed), hellos.client_hello()
    for _ in range(300):
        record = bytearray(whole)
        for _ in range(rng.randrange(3)):
            record[rng.randrange(9, len(record))] = rng.randrange(256)
        cut = rng.randrange(9, len(record) + 1)
        row = read(bytes(record[:cut]))
        assert cut == len(record) or row["seen"] & PARTIAL or cut > 60
        assert row["sni_length"] <= cut


def test_a_server_hello():
    row = np.zeros(1, MESSAGE)
    for version, extensions, told in (
        (0x0303, [hellos.extension(0xFF01)], 0x0303),
        (0x0303, [hellos.extension(43, b"\3\4"), hellos.extension(51, bytes(36))], 0x0304),
    ):
        record = hellos.server_hello(version, 0x1302, extensions)
        data = np.frombuffer(record + b"\xee" * 300, np.uint8)
        tls_facts.server_hello(row[0], data, 9, len(record))
        assert row[0]["chosen_version"] == told
        assert (row[0]["chosen_cipher"], row[0]["server_extensions"]) == (0x1302, len(extensions))
        for cut in range(9, len(record)):
            tls_facts.server_hello(row[0], data, 9, cut)
