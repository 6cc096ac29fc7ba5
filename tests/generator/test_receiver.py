from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generator.receiver import MOST_BLOCKS, Receiver

SIZE = 10


def naive(arrived: list[int], every: int) -> list[tuple[int, list[tuple[int, int]]] | None]:
    """What is answered to segments of ten bytes in that order, from the set of bytes that are there."""
    there: set[int] = set()
    made: list[tuple[int, list[tuple[int, int]]] | None] = []
    waiting = expected = 0
    order: list[int] = []
    for number in arrived:
        hole_before = any(other > expected for other in there if other >= expected)
        in_order = number <= expected
        there.add(number)
        order.insert(0, number)
        while expected in there:
            expected += 1
        blocks = []
        for one in order:
            low = high = one
            if one < expected:
                continue
            while low - 1 in there:
                low -= 1
            while high + 1 in there:
                high += 1
            if (low * SIZE, high * SIZE + SIZE) not in blocks:
                blocks.append((low * SIZE, high * SIZE + SIZE))
        answer = (expected * SIZE, blocks[:MOST_BLOCKS])
        waiting = waiting + 1 if in_order else 0
        at_once = not in_order or hole_before or waiting >= every
        made.append(answer if at_once else None)
        waiting = 0 if at_once else waiting
    return made


@given(st.permutations(range(12)), st.integers(1, 8))
def test_holes_are_told_at_once_and_the_rest_now_and_then(order: list[int], every: int) -> None:
    receiver = Receiver(0, every)
    told = [receiver.take(number * SIZE, number * SIZE + SIZE) for number in order]
    assert [(ack.number, list(ack.blocks)) if ack else None for ack in told] == naive(list(order), every)


def test_what_is_owed_is_told_once() -> None:
    receiver = Receiver(100, 2)
    assert receiver.take(100, 150) is None
    assert receiver.waiting == 1
    ack = receiver.flush()
    assert ack is not None
    assert (ack.number, ack.blocks) == (150, ())
    assert receiver.flush() is None


def test_what_is_known_is_told_again() -> None:
    receiver = Receiver(0, 2)
    receiver.take(0, 10)
    receiver.take(10, 20)
    ack = receiver.take(0, 10)
    assert ack is not None
    assert ack.number == 20
