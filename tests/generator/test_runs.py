from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from generator.lanes import STEP
from generator.runs import PART, runs_of

# Row, gap to the piece before, length, kind, key, whether the value counts on.
SMALL, BIT = st.integers(1, 9), st.integers(0, 1)
PIECES = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(0, 9), st.integers(1, 9), st.integers(0, 1), st.integers(0, 1), st.booleans()
    )
)


def columns(pieces) -> np.ndarray:
    """Pieces in order, as ``runs_of`` takes them."""
    made, row, at, skip = [], 0, 0, 0
    for more, gap, length, kind, key, on in pieces:
        row, at = row + more, gap if more else at + gap
        skip = skip + gap if on and not more else 0
        made.append((row, at, length, kind, key, skip))
        at, skip = at + length, skip + length
    return np.array(made, np.int64).reshape(-1, 6)


def told(at: int, length: int, skip: int, kind: int, key: int) -> set[tuple[int, ...]]:
    return {(at + k, skip + k, kind, key) for k in range(length)}


@given(PIECES)
def test_runs_and_their_masks_say_of_each_byte_what_the_pieces_say(pieces) -> None:
    given_ = columns(pieces)
    runs, masks = runs_of(given_)
    assert runs["part"].dtype == PART
    assert not masks[len(masks) - STEP :].any()
    bounds = [*runs["first"].tolist(), len(given_)]
    for run, low, high in zip(runs["part"], bounds, bounds[1:], strict=False):
        at, length, skip, mask = (int(run[name]) for name in ("at", "length", "skip", "mask"))
        wanted = set[tuple[int, ...]]()
        for piece in given_[low:high].tolist():
            wanted |= told(piece[1], piece[2], piece[5], piece[3], piece[4])
        found = told(at, length, skip, int(run["kind"]), int(run["key"]))
        shown = masks[mask : mask + length] if mask >= 0 else np.full(length, 255)
        assert set(np.unique(shown).tolist()) <= {0, 255}
        assert {byte for byte in found if shown[byte[0] - at]} == wanted
        assert (mask >= 0) == (len(wanted) < length)
        brief = int(run["brief"])
        assert (brief >= 0) == (int(run["kind"]) == 0 and length <= STEP and skip % 4 == 0)
        if brief >= 0:
            assert masks[brief : brief + STEP].tolist() == [*shown.tolist(), *[0] * (STEP - length)]


def test_the_same_mask_is_kept_once() -> None:
    pieces = np.array([(row, at, 2, 0, 7, at - 10) for row in range(5) for at in (10, 14)], np.int64)
    runs, masks = runs_of(pieces)
    assert runs["part"]["mask"].tolist() == [0] * 5
    assert masks[: len(masks) - STEP].tolist() == [255, 255, 0, 0, 255, 255, *[0] * (STEP - 6)]
