from __future__ import annotations

import numpy as np
import pytest

from contract.errors import LackingError
from generator.lab.interfaces import inside
from generator.lab.namespaces import Lab
from generator.lab.packet_socket import SocketEngine
from generator.lab.slots import DEADLINE, Slots
from tests.generator.lab import engines
from tests.generator.lab.helpers import frames


@pytest.mark.parametrize("frugal", [False, True])
def test_it_sends_every_frame_in_order(lab: Lab, frugal: bool) -> None:
    engines.sends_every_frame_in_order(lab, lambda: SocketEngine(lab.send_interface, frugal=frugal))


@pytest.mark.parametrize("frugal", [False, True])
def test_it_stops_at_its_deadline(lab: Lab, frugal: bool) -> None:
    engines.stops_at_its_deadline(lab, lambda: SocketEngine(lab.send_interface, frugal=frugal))


def test_it_waits_while_there_is_nothing(lab: Lab) -> None:
    engines.waits_while_there_is_nothing(lab, lambda: SocketEngine(lab.send_interface, frugal=True))


def test_no_interface_no_socket() -> None:
    with pytest.raises(LackingError, match="tft-none"):
        SocketEngine("tft-none", frugal=False)


def test_a_frame_that_the_wire_does_not_take_is_an_error(lab: Lab) -> None:
    offsets, data = frames(1, longest=9000, seed=3)
    assert offsets[1] > 1518

    def body() -> None:
        engine = SocketEngine(lab.send_interface, frugal=False)
        slots = Slots(engine.memory)
        engine.memory.state[DEADLINE] = engines.FAR
        slots.feed(offsets, data, np.zeros(1, np.int64))
        slots.allow(1)
        try:
            engine.run()
        finally:
            engine.close()

    with pytest.raises(LackingError, match="too long"):
        inside(lab.send_namespace, body)
