"""One wire, open for sending: permission, engine, ring of slots, a thread that drives it, and what really arrived."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from contract.clock import calendar
from contract.errors import InputError, LackingError, TenfoldError, UnsafeError
from generator import gate
from generator.lab import prefixes, xdp
from generator.lab.deadman import Ceiling
from generator.lab.interfaces import Peer, inside
from generator.lab.netlink import link
from generator.lab.packet_socket import SocketEngine
from generator.lab.permission import Permission
from generator.lab.slots import DEADLINE, Memory, Slots
from generator.lab.xdp import XdpEngine
from generator.pacing import claim_processor
from generator.packing import unpack

_LINK_BYTES: Final = 18  # Ethernet with one VLAN tag
_FIRST: Final = 10  # priority of the thread that sends, before those that feed it and tell of it
_PAUSE_S: Final = 0.0005  # while nothing may leave
_FEW: Final = 2  # processors: exact pacing would take one of them from the detector


class Engine(Protocol):
    """What puts frames onto the wire."""

    mode: str
    memory: Memory

    def run(self) -> None:
        """Send what falls due soon; returns after a second at most. Raises where the kernel refuses."""

    def close(self) -> None:
        """Give back what is held."""


class Wire:
    """An open wire. One thread feeds (``feed``, ``tick``); another, started by ``start``, sends."""

    def __init__(self, permission: Permission, engine: Engine, why: str) -> None:
        self.permission, self.why = permission, why
        calendar()  # set now, so that a wall clock that is set back later is seen through
        self.mode = engine.mode
        self.slots = Slots(engine.memory)
        self.failure = ""
        self._engine = engine
        self._ceiling = Ceiling(permission.frames_per_second)
        self._allowed = None if permission.peer else prefixes.Prefixes.of(permission.prefixes)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._drive, name="wire", daemon=True)
        self._before = self._counted()
        self._longest = permission.interface.mtu + _LINK_BYTES
        offsets, data = unpack(memoryview(bytearray(8)), 0)
        self._look(data, offsets)  # the kernels are there before time matters

    @classmethod
    def open(cls, permission: Permission, *, pacing: str = "", engine: str = "auto") -> Wire:
        """Open it in the calling thread's namespace. ``pacing`` is "exact" or "frugal"; "": frugal on few processors.

        XDP sends exactly and fast; where it cannot be, ``sendmmsg`` does it, and ``why`` says so. Frugal pacing sleeps,
        for which ``sendmmsg`` is the cheaper way up to some 250,000 frames a second.
        """
        few = (os.cpu_count() or 1) <= _FEW
        frugal, name = (pacing or ("frugal" if few else "exact")) == "frugal", permission.interface.name
        if engine == "auto" and frugal:
            return cls(permission, SocketEngine(name, frugal=True), "frugal pacing")
        if engine == "sendmmsg":
            return cls(permission, SocketEngine(name, frugal=frugal), "as asked")
        try:
            made = _xdp(permission, frugal=frugal)
        except LackingError as error:
            if engine == "xdp":
                raise
            return cls(permission, SocketEngine(name, frugal=frugal), f"no XDP live frames: {error}")
        return cls(permission, made, "as asked" if engine == "xdp" else "fastest")

    def check_rate(self, frames: int, seconds: float) -> None:
        """Refuse a plan whose mean is over the ceiling, before anything leaves."""
        if frames > self._ceiling.rate * max(seconds, 1.0):
            raise UnsafeError(
                f"the plan has {frames / max(seconds, 1.0):,.0f} frames a second; the wire's ceiling is "
                f"{self._ceiling.rate:,}"
            )

    def start(self) -> None:
        """Begin to send what is fed."""
        self._thread.start()

    def fits(self, frames: int, size: int) -> bool:
        """There is room for so many frames and bytes."""
        return self.slots.fits(frames, size)

    def feed(self, offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8], due: npt.NDArray[np.int64]) -> None:
        """Frames to leave at ``due`` (``time.monotonic_ns``), read once more by the gate.

        Raises ``UnsafeError`` for what must not leave, ``InputError`` for what no wire of this MTU carries.
        """
        self._look(data, offsets)
        longest = int(np.diff(offsets).max())
        if longest > self._longest:
            raise InputError(
                f"a frame of {longest} bytes is too long for {self.permission.interface.name} with its MTU of "
                f"{self.permission.interface.mtu}; give the wire a larger one, or the traffic a smaller one"
            )
        self._ceiling.plan(int(due[0]), int(due[-1]), len(due))
        self.slots.feed(offsets, data, due)

    def _look(self, data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int32]) -> None:
        gate.check(data, offsets)
        if self._allowed:
            prefixes.check(data, offsets, self._allowed)

    def tick(self, deadline_ns: int) -> None:
        """Frames may leave until then, as many as the ceiling allows; call it often. Raises what stopped the engine."""
        if self.failure:
            raise LackingError(self.failure)
        expires = self.permission.expires_ns  # by either clock: a wall clock that is set back permits nothing
        if expires is not None and max(time.time_ns(), calendar().now_ns()) >= expires:
            deadline_ns = 0
            self.failure = "the lab file's permission has expired"
        self.slots.memory.state[DEADLINE] = deadline_ns
        taken = self.slots.taken
        self.slots.allow(max(taken, min(self.slots.fed, self._ceiling.allow(time.monotonic_ns(), taken))))

    def halt(self, upto: int = 0) -> int:
        """Send up to frame ``upto`` and nothing later, end the thread; how many frames left in all."""
        slots = self.slots
        slots.allow(max(upto, 0))
        while slots.taken < upto and self._thread.is_alive() and time.monotonic_ns() < slots.memory.state[DEADLINE]:
            time.sleep(0.001)
        slots.memory.state[DEADLINE] = 0
        self._ending.set()
        if self._thread.ident:
            self._thread.join()
        return slots.taken

    def close(self) -> None:
        """End; what is held goes back."""
        self.halt()
        with suppress(OSError):
            self._engine.close()

    def arrived(self, expected: int, patience_s: float = 2.0) -> int:
        """How many frames the other end received (a real interface: sent) since the wire was opened."""
        until = time.monotonic() + patience_s
        while True:
            found = self._counted() - self._before
            if found >= expected or time.monotonic() >= until:
                return found
            time.sleep(0.005)

    def _counted(self) -> int:
        peer = self.permission.peer
        if peer:
            there = inside(peer.namespace, lambda: link(peer.link.name))
            return there.received if there else 0
        here = link(self.permission.interface.name)
        return here.sent if here else 0

    def _drive(self) -> None:
        claim_processor(_FIRST)
        try:
            while not self._ending.is_set():
                if self.slots.memory.state[DEADLINE] > time.monotonic_ns():
                    self._engine.run()
                else:
                    self._ending.wait(_PAUSE_S)
        except (OSError, TenfoldError) as error:
            self.failure = f"the wire failed: {error}"


def _xdp(permission: Permission, *, frugal: bool) -> XdpEngine:
    peer: Peer | None = permission.peer
    if peer is None:
        raise LackingError("only a veth of the lab takes them")
    if permission.interface.mtu + _LINK_BYTES > xdp.LONGEST:
        raise LackingError(f"frames may have {permission.interface.mtu + _LINK_BYTES} bytes, over {xdp.LONGEST}")
    return XdpEngine(permission.interface.name, (peer.namespace, peer.link.name), frugal=frugal)
