from __future__ import annotations

from collections import Counter
from itertools import cycle

from campaign.gate.block import Block
from campaign.gate.findings import State
from campaign.gate.pairs import Limits, compare

WOBBLE = (1.0, 1.02, 0.97, 1.01, 0.99, 1.03, 0.98)


def blocks(cpu=1.0, p50=50.0, late=1.0, wobble=WOBBLE):
    """A stand-in for the processes of two builds: recorded times, the candidate's multiplied."""
    turn = cycle(wobble)
    ran: list[str] = []

    def run(name):
        ran.append(name)
        factor = next(turn)
        mine = name == "candidate"
        return Block(name, factor * (cpu if mine else 1.0), factor * (p50 if mine else 50.0), 90.0, 300, late, 0.0)

    return run, ran


def states(found):
    return {row.name: row.state for row in found.findings()}


def test_equal_builds_pass_in_ten_pairs_of_both_orders():
    run, ran = blocks()
    found = compare(run, Limits(), 1000, seed=1)
    assert len(found.pairs) == 10
    assert Counter(pair.order for pair in found.pairs) == {"AB": 5, "BA": 5}
    assert Counter(ran) == {"candidate": 10, "base": 10}
    for number, pair in enumerate(found.pairs):
        assert ran[2 * number] == ("candidate" if pair.order == "AB" else "base")
    assert set(states(found).values()) == {State.PASSED}


def test_more_work_is_a_regression_of_cpu():
    found = compare(blocks(cpu=1.25)[0], Limits(), 1000, seed=1)
    assert states(found) == {"CPU per 1,000 flows": State.REGRESSED, "median latency": State.PASSED}
    row = found.findings()[0]
    assert row.limit == 1.05
    assert row.value > 1.05


def test_more_waiting_is_a_regression_of_latency():
    found = compare(blocks(p50=80.0)[0], Limits(), 1000, seed=1)
    assert states(found) == {"CPU per 1,000 flows": State.PASSED, "median latency": State.REGRESSED}


def test_what_is_undecided_is_extended_up_to_the_most():
    run, ran = blocks(cpu=1.06, wobble=(1.0, 1.3, 0.8, 1.2, 0.9))
    told = []
    found = compare(
        run, Limits(pairs=4, most_pairs=11), 1000, seed=3, told=lambda so_far: told.append(len(so_far.pairs))
    )
    assert len(found.pairs) == 11
    assert told == list(range(1, 12))
    assert len(ran) == 22
    row = found.findings()[0]
    assert row.state is State.PASSED
    assert "nor ruled out" in row.detail


def test_late_frames_make_latency_invalid_and_leave_cpu():
    found = compare(blocks(late=500.0)[0], Limits(pairs=4, most_pairs=4), 1000, seed=1)
    assert states(found) == {"CPU per 1,000 flows": State.PASSED, "median latency": State.INVALID}
    assert found.as_dict()["latency"] is None


def test_the_document_holds_every_block_and_the_seed_gives_the_order():
    one = compare(blocks()[0], Limits(pairs=6, most_pairs=6), 500, seed=9)
    two = compare(blocks()[0], Limits(pairs=6, most_pairs=6), 500, seed=9)
    assert [pair.order for pair in one.pairs] == [pair.order for pair in two.pairs]
    document = one.as_dict()
    assert len(document["pairs"]) == 6
    assert document["cpu_ms_per_1000_flows"]["base"][0] == round(1e6 * one.pairs[0].base.cpu_s / 500, 4)
