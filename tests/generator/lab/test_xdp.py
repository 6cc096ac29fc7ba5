from __future__ import annotations

import pytest

from contract.errors import LackingError
from generator.lab import bpf, xdp
from generator.lab.interfaces import inside
from generator.lab.namespaces import Lab
from generator.lab.netlink import link
from generator.lab.xdp import XdpEngine
from tests.generator.lab import engines


def opened(lab: Lab, *, frugal: bool = False) -> XdpEngine:
    return XdpEngine(lab.send_interface, (lab.listen_namespace, lab.listen_interface), frugal=frugal)


@pytest.fixture(autouse=True)
def live_frames(lab: Lab) -> None:
    """Old kernels have none; the portable engine has the same tests."""
    try:
        inside(lab.send_namespace, lambda: opened(lab).close())
    except LackingError as error:
        pytest.skip(f"optional: {error}")


@pytest.mark.parametrize("frugal", [False, True])
def test_it_sends_every_frame_in_order(lab: Lab, frugal: bool) -> None:
    engines.sends_every_frame_in_order(lab, lambda: opened(lab, frugal=frugal))


def test_it_stops_at_its_deadline(lab: Lab) -> None:
    engines.stops_at_its_deadline(lab, lambda: opened(lab))


def test_it_waits_while_there_is_nothing(lab: Lab) -> None:
    engines.waits_while_there_is_nothing(lab, lambda: opened(lab))


def test_the_other_end_passes_frames_only_while_it_is_open(lab: Lab) -> None:
    def attached() -> bool:
        found = inside(lab.listen_namespace, lambda: link(lab.listen_interface))
        assert found is not None
        return found.xdp

    def body() -> None:
        engine = opened(lab)
        assert attached()
        engine.close()

    inside(lab.send_namespace, body)
    assert not attached()


def test_what_is_lacking_is_said(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LackingError, match="tft-none"):
        XdpEngine("tft-none", (lab.listen_namespace, lab.listen_interface), frugal=False)
    with pytest.raises(LackingError, match="other end"):
        inside(lab.send_namespace, lambda: XdpEngine(lab.send_interface, ("", "tft-none"), frugal=False))

    def refuse(*_: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(bpf.LiveRun, "run", refuse)
    with pytest.raises(LackingError, match="no XDP live frames"):
        inside(lab.send_namespace, lambda: opened(lab))
    assert xdp.BATCH <= 64, "more overflows the ring of a veth"
