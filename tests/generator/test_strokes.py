from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.jit import lean_kernel
from generator.lanes import STEP, alphabets
from generator.runs import runs_of
from generator.strokes import strokes
from tests.generator.test_noise import naive_noise
from tests.generator.test_wire import naive_mix, naive_sum

SPELLING = alphabets()
# Gap to the piece before, length, kind, key, whether the value counts on from the piece before.
PIECES = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 80), st.integers(0, 6), st.integers(0, 2**31), st.booleans()),
    max_size=6,
)


@lean_kernel
def write(out, body, limit, parts, first, end, seed, masks, text, text_at, spelling):  # noqa: PLR0917 - what the kernel takes
    return strokes(out, body, limit, parts, first, end, seed, masks, text, text_at, spelling)


def laid_out(pieces: list[tuple[int, int, int, int, bool]]) -> np.ndarray:
    """Pieces of one frame, as ``runs_of`` takes them."""
    made: list[tuple[int, ...]] = []
    at = 0
    for gap, length, kind, key, on in pieces:
        at += gap
        value = (made[-1][3], made[-1][4], made[-1][5] + at - made[-1][1]) if on and made else (kind, key, 0)
        made.append((0, at, length, *value))
        at += length
    return np.array(made, np.int64).reshape(-1, 6)


@settings(deadline=None, max_examples=150)
@given(PIECES, st.integers(0, 2**64 - 1), st.integers(0, 5), st.integers(0, 70))
def test_parts_are_what_they_are_one_by_one_and_nothing_else_changes(pieces, seed, body, room) -> None:
    laid = laid_out(pieces)
    runs, masks = runs_of(laid)
    parts = runs["part"]
    size = int(laid[-1, 1] + laid[-1, 2]) if len(laid) else 0
    text = np.random.default_rng(size).integers(0, 256, size + 3 + 2 * STEP).astype(np.uint8)
    for _, at, length, *_ in laid.tolist():
        text[3 + at : 3 + at + length] = 0
    out = np.full(body + size + room + 8, 0xA5, np.uint8)
    out[body : body + size] = text[3 : 3 + size]
    before, limit = out.copy(), body + size + room
    total, left = write(out, body, limit, parts, 0, len(parts), np.uint64(seed), masks, text, 3, SPELLING)
    stopped = int(left)
    bounds = [*runs["first"].tolist(), len(laid)]
    wanted, last = bytearray(text[3 : 3 + size]), 0
    drawn = bytearray(size)
    for _, at, length, kind, key, skip in laid[: bounds[stopped]].tolist():
        value = naive_noise(naive_mix(seed ^ key << 8), kind, skip + length)[skip:]
        wanted[at : at + length] = drawn[at : at + length] = value
        last = at + length
    assert out[:body].tolist() == before[:body].tolist()
    assert out[body : body + size].tobytes() == bytes(wanted)
    assert out[body + size :][STEP:].tolist() == before[body + size :][STEP:].tolist()
    assert out[limit:].tolist() == before[limit:].tolist()
    assert int(total) % 0xFFFF == naive_sum(bytes(drawn[:last])) % 0xFFFF
    if stopped < len(parts):  # for a reason
        part = parts[stopped]
        ample = body + int(part["at"]) + int(part["length"]) + STEP <= limit
        assert not (part["brief"] >= 0 and body + part["at"] + STEP <= limit)
        assert not ample or part["mask"] >= 0 or part["skip"] % 4
