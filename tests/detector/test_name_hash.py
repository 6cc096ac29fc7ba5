"""The hash of names: letters fold, everything else counts."""

from __future__ import annotations

import numpy as np

from contract.jit import lean_kernel
from detector.name_hash import fnv1a, name_hash


@lean_kernel
def hashed(data, start, stop):
    return name_hash(data, start, stop)


@lean_kernel
def plain(data, start, stop):
    return fnv1a(data, start, stop)


def test_bytes_hash_as_published():
    known = {b"": 0xCBF29CE484222325, b"a": 0xAF63DC4C8601EC8C, b"foobar": 0x85944171F73967E8}
    for text, value in known.items():
        assert int(plain(np.frombuffer(text, np.uint8), 0, len(text))) == value


def test_case_does_not_count_and_the_rest_does():
    words = [b"www.Example.com", b"WWW.EXAMPLE.COM", b"www.example.org", b"www-example.com", b"example.com"]
    hashes = [int(hashed(np.frombuffer(word, np.uint8), 0, len(word))) for word in words]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 4
    assert int(hashed(np.frombuffer(words[0], np.uint8), 4, 15)) == hashes[4]
