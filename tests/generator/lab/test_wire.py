from __future__ import annotations

import time

import numpy as np
import pytest

from contract.errors import InputError, LackingError, UnsafeError
from generator.lab import wire as module
from generator.lab.interfaces import inside
from generator.lab.namespaces import Lab
from generator.lab.permission import Permission, permit
from generator.lab.wire import Wire
from tests.generator.lab.helpers import Listener, cut, frames

NOW = np.zeros(1, np.int64)


def permission(lab: Lab) -> Permission:
    return inside(lab.send_namespace, lambda: permit(lab.send_interface))


def opened(lab: Lab, allowed: Permission | None = None, **choice: str) -> Wire:
    return inside(lab.send_namespace, lambda: Wire.open(allowed or permission(lab), **choice))


@pytest.mark.parametrize("engine", ["xdp", "sendmmsg"])
def test_what_is_fed_arrives_and_is_counted(lab: Lab, engine: str) -> None:
    listener = Listener(lab)
    try:
        wire = opened(lab, pacing="exact", engine=engine)
    except LackingError as error:
        pytest.skip(f"optional: {error}")
    offsets, data = frames(300)

    def body() -> int:
        wire.start()
        wire.feed(offsets, data, time.monotonic_ns() + np.arange(300) * 1000)
        while wire.slots.taken < 300:
            wire.tick(time.monotonic_ns() + 10_000_000_000)
        found = wire.arrived(300)
        wire.close()
        return found

    assert inside(lab.send_namespace, body) == 300
    assert listener.take(300)[0] == cut(offsets, data)
    assert (wire.mode, wire.why) == (engine, "as asked")
    listener.close()


def test_frugal_is_portable_and_exact_is_fast_where_it_can_be(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = {}
    for pacing in ("frugal", "exact"):
        wire = opened(lab, pacing=pacing)
        modes[pacing] = wire.mode
        wire.close()
    assert modes["frugal"] == "sendmmsg"
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)  # type: ignore[attr-defined] # the module's own import
    wire = opened(lab)
    assert wire.why == "frugal pacing"
    wire.close()

    def lacking(*_: object, **__: object) -> None:
        raise LackingError("none here")

    monkeypatch.setattr(module, "XdpEngine", lacking)
    wire = opened(lab, pacing="exact")
    assert (wire.mode, wire.why) == ("sendmmsg", "no XDP live frames: none here")
    wire.close()
    with pytest.raises(LackingError, match="none here"):
        opened(lab, pacing="exact", engine="xdp")


def test_large_frames_and_real_interfaces_take_the_portable_way(lab: Lab) -> None:
    allowed = permission(lab)
    for other, word in (
        (allowed._replace(interface=allowed.interface._replace(mtu=9000)), "9018 bytes"),
        (allowed._replace(peer=None), "only a veth of the lab"),
    ):
        wire = opened(lab, other, pacing="exact")
        assert wire.mode == "sendmmsg"
        assert word in wire.why
        wire.close()


def test_what_must_not_leave_is_not_fed(lab: Lab) -> None:
    allowed = permission(lab)
    wire = opened(lab, allowed, pacing="frugal")
    offsets, data = frames(3)
    hostile = data.copy()
    hostile[offsets[1] + 30] = 8  # 198... becomes 8...: a stranger
    with pytest.raises(UnsafeError, match="the gate stopped frame 1"):
        wire.feed(offsets, hostile, np.zeros(3, np.int64))
    hostile[offsets[1] + 30 : offsets[1] + 34] = [192, 0, 2, 1]  # a documentation range: for files only
    with pytest.raises(UnsafeError, match="the gate stopped frame 1"):
        wire.feed(offsets, hostile, np.zeros(3, np.int64))
    long = frames(1, longest=9000, seed=3)
    with pytest.raises(InputError, match=r"too long for tft-send with its MTU of 1500"):
        wire.feed(*long, NOW)
    assert wire.slots.fed == 0
    wire.close()


def test_a_lab_files_prefixes_rate_and_expiry_hold(lab: Lab) -> None:
    import ipaddress

    allowed = permission(lab)._replace(peer=None, frames_per_second=2)
    wire = opened(lab, allowed._replace(prefixes=(ipaddress.ip_network("198.18.1.0/24"),)))
    offsets, data = frames(3)
    with pytest.raises(UnsafeError, match="prefixes of the lab file"):
        wire.feed(offsets, data, np.zeros(3, np.int64))
    wire.close()
    wire = opened(lab, allowed)
    with pytest.raises(UnsafeError, match="ceiling is 2"):
        wire.check_rate(30, 10)
    wire.check_rate(20, 10)
    with pytest.raises(UnsafeError, match="ceiling is 2"):
        wire.feed(offsets, data, np.zeros(3, np.int64))
    wire.close()
    wire = opened(lab, allowed._replace(expires_ns=time.time_ns() - 1))
    wire.tick(2**62)
    with pytest.raises(LackingError, match="expired"):
        wire.tick(2**62)
    wire.close()


def test_nothing_leaves_after_a_halt(lab: Lab) -> None:
    listener = Listener(lab)
    offsets, data = frames(200)

    def body() -> int:
        wire = Wire.open(permission(lab), pacing="frugal")
        wire.feed(offsets, data, time.monotonic_ns() + np.arange(200) * 2_000_000)
        wire.start()
        while wire.slots.taken < 20:
            wire.tick(time.monotonic_ns() + 10_000_000_000)
        taken = wire.halt(wire.slots.taken + 3)
        wire.close()
        return taken

    taken = inside(lab.send_namespace, body)
    assert 23 <= taken < 200
    listener.take(taken)
    assert listener.silent()
    listener.close()
