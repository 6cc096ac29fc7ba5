from __future__ import annotations

import pytest

from api.names import family_names, group_names, is_run_name


@pytest.mark.parametrize("name", ["live", "20240726-193000-paris-2024-ab12", "A.b_c-1"])
def test_runs_have_plain_names(name):
    assert is_run_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "-x", "a/b", "a b", "a\n", "a\x00", "é", "x" * 121])
def test_nothing_else_is_a_name(name):
    assert not is_run_name(name)


def test_families_and_groups_are_those_of_the_contract():
    assert "syn_flood" in family_names()
    assert "dos" in group_names()
