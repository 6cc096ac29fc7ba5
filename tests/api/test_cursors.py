from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursors import seal, unseal
from api.problems import ProblemError


@given(st.integers(0, (1 << 63) - 1), st.text(max_size=40))
def test_what_was_sealed_is_unsealed(position, scope):
    assert unseal(seal(position, scope), scope) == position


@given(st.text(max_size=60))
def test_anything_else_is_refused(text):
    with pytest.raises(ProblemError):
        unseal(text, "scope")


def test_no_cursor_is_the_beginning_and_another_list_is_refused():
    assert unseal(None, "a") is None
    with pytest.raises(ProblemError, match="another list"):
        unseal(seal(5, "a"), "b")
    with pytest.raises(ProblemError):
        unseal(seal(-1, "a"), "a")
