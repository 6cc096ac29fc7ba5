from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.stacks import IPID_FIXED, PORTS, STACKS, Stack, arrange

ORDERS = ("linux", "bsd", "mac", "windows", "openbsd")
SIZES = {"M": 4, "N": 1, "W": 3, "S": 2, "T": 10, "E": 1}


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name)
def test_every_system_can_be(stack: Stack) -> None:
    assert stack.ttl in (52, 60, 64, 128, 255)
    assert 1 <= stack.window <= 0xFFFF
    assert 0 <= stack.answer_window <= 0xFFFF
    assert 0 <= stack.scale <= 14  # RFC 7323 section 2.3
    assert 536 <= stack.mss <= 1460  # RFC 9293 section 3.7.1
    assert sum(SIZES[letter] for letter in stack.options) <= 40
    assert set(stack.repeats) <= set("STW")
    assert stack.order in ORDERS
    assert stack.ports in PORTS
    assert 0 < stack.delayed_ack < 0.5  # RFC 9293 section 3.8.6.3
    assert 0.2 <= stack.least_rto <= 1
    assert (stack.fixed_id > 0) == (stack.ipid == IPID_FIXED)
    if not stack.tool:
        assert stack.scale == 0 or "W" in stack.options, "a scale that is never told"


def test_names_are_told_apart_and_the_first_of_a_kind_has_its_name() -> None:
    assert len({stack.name for stack in STACKS}) == len(STACKS)
    first: dict[str, str] = {}
    for stack in STACKS:
        first.setdefault(stack.kind, stack.name)
    assert all(kind == name for kind, name in first.items())
    assert len(first) >= 14
    assert len(STACKS) >= 60


def test_no_two_systems_that_offer_options_look_alike() -> None:
    looks = [
        (s.ttl, s.options, s.window, s.scale, s.mss, s.df, s.fixed_id) for s in STACKS if len(s.options) > 1
    ]  # fmt: skip
    assert len(set(looks)) >= len(looks) - 2


@given(st.sampled_from(ORDERS), st.sets(st.sampled_from("STW")))
def test_an_answer_has_the_options_that_were_wanted_and_nothing_else(order: str, wanted: set[str]) -> None:
    letters = arrange(order, "".join(sorted(wanted)))
    assert letters[0] == "M"
    assert sorted(letter for letter in letters if letter not in "MNE") == sorted(wanted)


def test_answers_are_those_that_fingerprint_databases_list() -> None:
    assert arrange("linux", "STW") == "MSTNW"
    assert arrange("linux", "SW") == "MNNSNW"
    assert arrange("linux", "T") == "MNNT"
    assert arrange("windows", "SW") == "MNWNNS"
    assert arrange("windows", "STW") == "MNWST"
    assert arrange("mac", "STW") == "MNWNNTSE"
    assert arrange("bsd", "SW") == "MNWSE"
    assert arrange("openbsd", "STW") == "MNNSNWNNT"
