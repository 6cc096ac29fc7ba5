"""SHA-256 in the kernel against Python's."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.sha256 import new_digest, sha256

DIGEST = new_digest()


@given(st.one_of(st.binary(max_size=200), st.integers(50, 70).map(bytes), st.integers(110, 130).map(bytes)))
def test_is_sha256(data):
    padded = np.frombuffer(data + b"?", np.uint8)
    sha256(DIGEST, padded, len(data))
    assert DIGEST.state.astype(">u4").tobytes() == hashlib.sha256(data).digest()
