from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from contract.errors import InputError
from contract.times_file import TimesFile


@given(parts=st.lists(hnp.arrays(np.int64, st.integers(0, 20)), max_size=5))
def test_numpy_reads_what_was_appended(tmp_path_factory: pytest.TempPathFactory, parts: list[np.ndarray]) -> None:
    path = tmp_path_factory.mktemp("times") / "t.npy"
    file = TimesFile(path)
    for part in parts:
        file.append(part)
    file.close()
    assert np.array_equal(np.load(path), np.concatenate([np.zeros(0, np.int64), *parts]))


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        TimesFile(tmp_path / "none" / "t.npy")
    if Path("/dev/full").exists():
        with pytest.raises(InputError, match="No space"):
            TimesFile(Path("/dev/full"))
