from __future__ import annotations

import pytest

from contract.errors import InputError
from contract.families import catalogue
from store.filters import Filters


def test_family_and_group_must_both_hold():
    assert Filters().families() is None
    assert Filters(family="syn_flood").families() == {"syn_flood"}
    assert Filters(group="dos", family="syn_flood").families() == {"syn_flood"}
    assert Filters(group="recon", family="syn_flood").families() == frozenset()
    assert Filters(group="exfiltration").families() == {
        name for name, family in catalogue().items() if family.group == "exfiltration"
    }
    assert "benign" in Filters(group="benign").families()


@pytest.mark.parametrize("filters", [Filters(family="x"), Filters(group="x"), Filters(host="x")])
def test_what_cannot_match_is_refused(filters):
    with pytest.raises(InputError):
        filters.check()


def test_what_can_match_is_not():
    Filters(family="benign", group="benign", host="2001:2::1", community_id="1:x").check()
