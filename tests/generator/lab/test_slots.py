"""The ring against a plain list of frames, with an engine that is a few lines of Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from generator.lab.slots import BYTES, FRAMES, LONGEST, NEXT, STOP, Memory, Slots
from tests.generator.lab.helpers import cut, frames


def drain(memory: Memory, now: int) -> list[tuple[bytes, int]]:
    """What an engine would send, and when each was due; it notes ``now`` as the time at which it left."""
    found = []
    for number in range(int(memory.state[NEXT]), int(memory.state[STOP])):
        slot = memory.descriptors[number % FRAMES]
        found.append((memory.data[slot["at"] : slot["at"] + slot["length"]].tobytes(), int(slot["due"])))
        slot["due"] = now
    memory.state[NEXT] = memory.state[STOP]
    return found


@given(st.lists(st.tuples(st.integers(1, 120), st.integers(60, 3000), st.booleans()), min_size=1, max_size=8))
def test_frames_come_out_as_they_went_in(plan: list[tuple[int, int, bool]]) -> None:
    memory = Memory.plain()
    slots = Slots(memory)
    slots.fed = FRAMES - 100  # so that both rings wrap
    slots._done = slots.fed
    slots._head = slots._tail = BYTES - 20_000
    memory.state[NEXT] = memory.state[STOP] = slots.fed
    expected: list[tuple[bytes, int]] = []
    got: list[tuple[bytes, int]] = []
    begun = slots.fed
    for number, (n, longest, now) in enumerate(plan):
        offsets, data = frames(n, seed=number, longest=longest)
        due = number * 1000 + np.arange(n)
        if not slots.fits(n, int(offsets[-1])):
            break
        slots.feed(offsets, data, due)
        expected += zip(cut(offsets, data), due.tolist(), strict=True)
        if now:
            slots.allow(slots.fed)
            got += drain(memory, number)
            assert slots.left(slots.taken - n, slots.taken).tolist() == [number] * n
            slots.forget(slots.taken)
    slots.allow(slots.fed)
    got += drain(memory, 0)
    assert got == expected
    assert slots.taken == slots.fed == begun + len(expected)


def test_a_part_of_a_batch_can_be_fed() -> None:
    memory = Memory.plain()
    slots = Slots(memory)
    offsets, data = frames(50)
    slots.feed(offsets[10:31], data, np.arange(20))
    slots.allow(20)
    assert [frame for frame, _ in drain(memory, 0)] == cut(offsets, data)[10:30]


def test_there_is_room_until_there_is_none() -> None:
    slots = Slots(Memory.plain())
    assert slots.fits(FRAMES, BYTES)
    assert not slots.fits(FRAMES + 1, 1)
    assert not slots.fits(1, BYTES + 1)
    offsets, data = frames(1000, longest=LONGEST - 16)
    slots.feed(offsets, data, np.zeros(1000, np.int64))
    assert not slots.fits(FRAMES - 999, 1)
    assert not slots.fits(1, BYTES - int(offsets[-1]) + 1)
    slots.allow(1000)
    drain(slots.memory, 0)
    assert not slots.fits(FRAMES - 999, 1), "sent is not yet forgotten"
    slots.forget(999)
    assert not slots.fits(FRAMES - 999, 1), "a batch is forgotten whole"
    slots.forget(1000)
    assert slots.fits(FRAMES, BYTES)
