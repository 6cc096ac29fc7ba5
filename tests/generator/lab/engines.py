"""What both engines must do, on a real veth; their tests call this with the engine to try."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from generator.lab.interfaces import inside
from generator.lab.namespaces import Lab
from generator.lab.netlink import link
from generator.lab.slots import DEADLINE, Memory, Slots
from tests.generator.lab.helpers import Listener, cut, frames

FAR = 2**62


class Engine(Protocol):
    memory: Memory

    def run(self) -> None: ...

    def close(self) -> None: ...


Open = Callable[[], Engine]


def received(lab: Lab) -> int:
    found = inside(lab.listen_namespace, lambda: link(lab.listen_interface))
    assert found is not None
    return found.received


def sends_every_frame_in_order(lab: Lab, make: Open) -> None:
    """Byte for byte what was fed, in order, none before its time, none twice; the counters agree."""
    listener, before = Listener(lab), received(lab)
    offsets, data = frames(700, longest=1514)

    def body() -> np.ndarray:
        engine = make()
        slots = Slots(engine.memory)
        engine.memory.state[DEADLINE] = FAR
        due = time.monotonic_ns() + 20_000_000 + np.arange(700) * 20_000
        slots.feed(offsets, data, due)
        slots.allow(500)
        while slots.taken < 500:
            engine.run()
        assert listener.take(500)[0] == cut(offsets, data)[:500]
        assert listener.silent(), "more left than was allowed"
        slots.allow(700)
        while slots.taken < 700:
            engine.run()
        left = slots.left(0, 700)
        engine.close()
        return left - due

    late = inside(lab.send_namespace, body)
    assert listener.take(200)[0] == cut(offsets, data)[500:]
    assert listener.silent()
    assert late.min() >= 0, "a frame left before its time"
    assert received(lab) - before == 700
    listener.close()


def stops_at_its_deadline(lab: Lab, make: Open) -> None:
    """No frame leaves once the time has come, however many are due: nobody needs to tell the engine."""
    listener = Listener(lab)
    offsets, data = frames(2000)

    def body() -> tuple[int, int]:
        engine = make()
        slots = Slots(engine.memory)
        now = time.monotonic_ns()
        slots.feed(offsets, data, now + np.arange(2000) * 100_000)
        slots.allow(2000)
        engine.memory.state[DEADLINE] = now + 50_000_000
        while time.monotonic_ns() < now + 50_000_000:
            engine.run()
        taken = slots.taken
        for _ in range(3):
            engine.run()
        last = int(slots.left(taken - 1, taken)[0]) if taken else 0
        assert last < now + 50_000_000
        again = slots.taken
        engine.close()
        return taken, again

    taken, again = inside(lab.send_namespace, body)
    assert taken == again <= 500
    listener.take(taken)
    assert listener.silent()
    listener.close()


def waits_while_there_is_nothing(lab: Lab, make: Open) -> None:
    """Fed while it runs: the engine picks up what comes."""
    listener = Listener(lab)
    offsets, data = frames(64)

    def body() -> None:
        engine = make()
        slots = Slots(engine.memory)
        engine.memory.state[DEADLINE] = FAR
        ending = threading.Event()

        def drive() -> None:
            while not ending.is_set():
                engine.run()

        thread = threading.Thread(target=drive)
        thread.start()
        for number in range(8):
            slots.feed(offsets[number * 8 : number * 8 + 9], data, np.zeros(8, np.int64))
            slots.allow(slots.fed)
            assert listener.take(8)[0] == cut(offsets, data)[number * 8 : number * 8 + 8]
        ending.set()
        thread.join()
        engine.close()

    inside(lab.send_namespace, body)
    listener.close()
