"""SHA-256 (FIPS 180-4) inside kernels: fingerprints are taken while frames are read, where no Python runs."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.packet import Bytes, Int


def _primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def _root_bits(number: int, power: int) -> int:
    """The first 32 bits of the fraction of a root, exactly."""
    scaled, low, high = number << (32 * power), 0, number << 33
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**power <= scaled else (low, middle - 1)
    return low & 0xFFFFFFFF


_CONSTANTS: Final = np.array([_root_bits(prime, 3) for prime in _primes(64)], np.uint32)
_BEGIN: Final = np.array([_root_bits(prime, 2) for prime in _primes(8)], np.uint32)
_LOW: Final = np.uint64(0xFFFFFFFF)


class Digest(NamedTuple):
    """Room to work in, used again for each digest."""

    state: npt.NDArray[np.uint32]  # (8,) the digest, when it is done
    words: npt.NDArray[np.uint32]  # (64,)
    block: npt.NDArray[np.uint8]  # (64,)


def new_digest() -> Digest:
    """Room for one digest at a time."""
    return Digest(np.zeros(8, np.uint32), np.zeros(64, np.uint32), np.zeros(64, np.uint8))


@lean_part
def _turn(value: np.uint32, by: int) -> Int:
    return np.uint32((value >> np.uint32(by)) | (value << np.uint32(32 - by)))


@lean_kernel
def _compress(digest: Digest) -> None:
    state, w, block = digest.state, digest.words, digest.block
    for i in range(16):
        w[i] = np.uint32(
            (np.uint32(block[4 * i]) << np.uint32(24))
            | (np.uint32(block[4 * i + 1]) << np.uint32(16))
            | (np.uint32(block[4 * i + 2]) << np.uint32(8))
            | np.uint32(block[4 * i + 3])
        )
    for i in range(16, 64):
        one = _turn(w[i - 15], 7) ^ _turn(w[i - 15], 18) ^ (w[i - 15] >> np.uint32(3))
        two = _turn(w[i - 2], 17) ^ _turn(w[i - 2], 19) ^ (w[i - 2] >> np.uint32(10))
        w[i] = np.uint32((np.uint64(w[i - 16]) + np.uint64(one) + np.uint64(w[i - 7]) + np.uint64(two)) & _LOW)
    a, b, c, d = state[0], state[1], state[2], state[3]
    e, f, g, h = state[4], state[5], state[6], state[7]
    for i in range(64):
        sigma = _turn(e, 6) ^ _turn(e, 11) ^ _turn(e, 25)
        choice = (e & f) ^ (~e & g)
        first = np.uint64(h) + np.uint64(sigma) + np.uint64(choice) + np.uint64(_CONSTANTS[i]) + np.uint64(w[i])
        sigma = _turn(a, 2) ^ _turn(a, 13) ^ _turn(a, 22)
        second = np.uint64(sigma) + np.uint64((a & b) ^ (a & c) ^ (b & c))
        h, g, f = g, f, e
        e = np.uint32((np.uint64(d) + first) & _LOW)
        d, c, b = c, b, a
        a = np.uint32((first + second) & _LOW)
    _add(state, 0, a)
    _add(state, 1, b)
    _add(state, 2, c)
    _add(state, 3, d)
    _add(state, 4, e)
    _add(state, 5, f)
    _add(state, 6, g)
    _add(state, 7, h)


@lean_part
def _add(state: npt.NDArray[np.uint32], at: int, value: np.uint32) -> None:
    state[at] = np.uint32((np.uint64(state[at]) + np.uint64(value)) & _LOW)


@lean_kernel
def sha256(digest: Digest, data: Bytes, length: Int) -> None:
    """Leave the digest of ``data[:length]`` in ``digest.state``."""
    for i in range(8):
        digest.state[i] = _BEGIN[i]
    padded = (length + 9 + 63) // 64 * 64
    bits = np.uint64(length * 8)
    for start in range(0, padded, 64):
        for i in range(64):
            at = start + i
            if at < length:
                digest.block[i] = data[at]
            elif at == length:
                digest.block[i] = np.uint8(0x80)
            elif at >= padded - 8:
                digest.block[i] = np.uint8((bits >> np.uint64(8 * (padded - 1 - at))) & np.uint64(255))
            else:
                digest.block[i] = np.uint8(0)
        _compress(digest)
