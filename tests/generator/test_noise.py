from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.jit import lean_kernel
from generator import noise
from generator.lanes import STEP, alphabets
from generator.payload import ALPHABETS, KINDS
from tests.generator.test_wire import naive_mix, naive_sum

MASK = 2**32 - 1
SPELLING = alphabets()
NONE = np.zeros(STEP, np.uint8)


def naive_noise(key: int, row: int, count: int) -> bytes:
    """The first bytes of a value, in plain Python."""
    made = bytearray()
    for number in range(-(-count // 4)):
        x = ((key & MASK) + number * 0x9E3779B9) & MASK
        x = (x ^ x >> 16) * 0x7FEB352D & MASK
        x ^= x >> 15
        x = (x ^ key >> 32) * 0x846CA68B & MASK
        made += (x ^ x >> 16).to_bytes(4, "little")
    characters = list(ALPHABETS.values())[row] or bytes(range(256))
    return bytes(characters[byte * len(characters) >> 8] for byte in made[:count])


def swapped(data: bytes) -> int:
    """The sum of little-endian words."""
    data += bytes(len(data) % 2)
    return sum(int.from_bytes(data[k : k + 2], "little") for k in range(0, len(data), 2))


@lean_kernel
def write(  # noqa: PLR0917 - what the kernel takes
    out, at, length, room, key, skip, kind, masks, mask_at, text, text_at, spelling
):
    return noise.fill(out, at, length, room, key, skip, kind, masks, mask_at, text, text_at, spelling)


@settings(deadline=None, max_examples=300)
@given(
    st.integers(0, 2**64 - 1), st.integers(0, 6), st.integers(0, 40), st.integers(0, 150), st.integers(0, 9),
    st.booleans(), st.booleans(),
)  # fmt: skip
def test_a_value_is_the_same_however_it_is_cut_and_wherever_it_stands(
    key, row, skip, length, at, masked, ample
) -> None:
    rng = np.random.default_rng(length)
    mask = np.append(rng.integers(0, 2, length) * 255, NONE).astype(np.uint8)
    text = rng.integers(0, 256, length + 3 + STEP).astype(np.uint8)
    text[3 : 3 + length] &= ~mask[:length] if masked else 0
    out = np.full(220, 0xA5, np.uint8)
    room = length + STEP if ample else length
    total = write(out, at, length, room, np.uint64(key), skip, row, mask, 0 if masked else -1, text, 3, SPELLING)
    value = naive_noise(key, row, skip + length)[skip:]
    if masked:
        value = bytes(a & b for a, b in zip(value, mask[:length].tobytes(), strict=True))
    shown = bytes(a | b for a, b in zip(value, text[3 : 3 + length].tobytes(), strict=True)) if masked else value
    assert out[: at + length].tobytes() == b"\xa5" * at + shown
    rest, free = out[at + length :].tobytes(), b"\xa5" * (220 - at - length)
    beyond = -length % STEP
    assert rest == free or (ample and rest == text[3 + length :][:beyond].tobytes() + free[beyond:])
    assert int(total) % 0xFFFF == swapped(value) % 0xFFFF
    assert (int(total) << 8) % 0xFFFF == naive_sum(value) % 0xFFFF


def long(key: int, length: int, row: int = 0) -> np.ndarray:
    out = np.zeros(length, np.uint8)
    write(out, 0, length, length, np.uint64(key), 0, row, NONE, -1, np.zeros(length + STEP, np.uint8), 0, SPELLING)
    return out


@pytest.mark.parametrize("row", range(len(KINDS)), ids=KINDS)
def test_each_character_of_an_alphabet_is_as_likely_as_the_next(row: int) -> None:
    characters = ALPHABETS[KINDS[row]]
    out = long(0x123456789ABCDEF5, 1 << 16, row)
    counts = np.bincount(out, minlength=256)
    letters = np.frombuffer(characters or bytes(range(256)), np.uint8)
    assert counts[letters].sum() == len(out)
    # 256 values dealt to the letters: some take one value more than others.
    most = -(-256 // len(letters)) / 256 * len(out)
    assert counts.max() < most + 6 * most**0.5


def chi_square(values: np.ndarray, cells: int) -> float:
    """How far counts are from even, in standard deviations of the chi-square distribution."""
    counts = np.bincount(values, minlength=cells)
    even = len(values) / cells
    return float((((counts - even) ** 2).sum() / even - (cells - 1)) / (2 * (cells - 1)) ** 0.5)


def test_nobody_can_learn_the_noise_by_its_bytes_its_pairs_or_its_neighbours() -> None:
    keys = [naive_mix(seed) for seed in range(1024)]  # as the stamp makes them, of seeds that are alike
    short = np.stack([long(key, 512) for key in keys])
    assert len({row.tobytes() for row in short}) == len(keys)
    whole = short.reshape(-1).astype(np.int64)
    assert abs(chi_square(whole, 256)) < 5
    for gap in (1, 2, 3, 4, 8, 32):
        assert abs(chi_square(whole[:-gap] * 256 + whole[gap:], 65_536)) < 5, f"bytes {gap} apart"
    for place in range(0, 512, 37):
        column = short[:, place].astype(np.int64)
        assert abs(chi_square(column, 256)) < 5, f"byte {place} of all values"
    beside = (short[1:] ^ short[:-1]).reshape(-1).astype(np.int64)
    assert abs(chi_square(beside, 256)) < 5, "what the next value has at the same place"
    bits = np.unpackbits(short.reshape(-1))
    assert abs(int(bits.sum()) - len(bits) / 2) < 5 * len(bits) ** 0.5 / 2


def test_no_two_values_share_a_stretch() -> None:
    rows = np.stack([long(0xABCDEF0123456789 + (k << 32 | k * 7), 1024) for k in range(512)])
    words = rows.view("<u8").reshape(-1)
    assert len(np.unique(words)) == len(words)
