from __future__ import annotations

from campaign.gate.findings import Finding, State, at_least, at_most, by_gate, exit_code


def one(state: State, gate: str = "slo") -> Finding:
    return Finding(gate, "x", state, "1")


def test_exit_codes_a_broken_target_before_a_regression_before_what_could_not_be_judged():
    assert exit_code([]) == 0
    assert exit_code([one(State.PASSED), one(State.TOLD)]) == 0
    assert exit_code([one(State.PASSED), one(State.INVALID)]) == 3
    assert exit_code([one(State.INVALID), one(State.REGRESSED)]) == 99
    assert exit_code([one(State.REGRESSED), one(State.BROKEN), one(State.INVALID)]) == 1


def test_bounds_include_their_limit():
    assert at_most("slo", "x", 5.0, 5.0, "{:g} ms").state is State.PASSED
    assert at_most("slo", "x", 5.1, 5.0, "{:g} ms").state is State.BROKEN
    assert at_least("slo", "x", 0.9, 0.9, "{:g}").state is State.PASSED
    below = at_least("slo", "x", 0.89, 0.9, "{:g}")
    assert (below.state, below.got, below.wanted) == (State.BROKEN, "0.89", "at least 0.9")


def test_no_limit_is_told_and_no_value_breaks_a_limit():
    assert at_most("slo", "x", 5.0, None, "{:g}").state is State.TOLD
    nothing = at_least("slo", "x", None, 0.9, "{:g}")
    assert (nothing.state, nothing.got) == (State.BROKEN, "nothing to measure")


def test_gates_come_in_the_order_in_which_they_are_read():
    rows = [one(State.TOLD, gate) for gate in ("trend", "regression", "slo", "quality")]
    assert list(by_gate(rows)) == ["slo", "quality", "regression", "trend"]
