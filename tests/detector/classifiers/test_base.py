import pytest

from contract.errors import InputError
from detector.classifiers.base import kind, kinds


def test_kinds_are_found_by_their_files():
    assert "forest" in kinds()
    assert "base" not in kinds()
    for name in kinds():
        assert callable(kind(name).fit)
        assert callable(kind(name).from_arrays)


def test_an_unknown_kind_names_those_there_are():
    with pytest.raises(InputError, match="forest"):
        kind("../forest")
