"""The fast way onto a veth: XDP live frames, each taken from shared memory and sent at its due time by the kernel.

A BPF program runs once per frame on a recycled page (``BPF_F_TEST_XDP_LIVE_FRAMES``, Linux 5.18): it takes the next
frame of a ring in a BPF map, waits until it is due (``bpf_ktime_get_ns``, the clock of ``time.monotonic_ns``), copies
it into the page and redirects that out of the interface. This process only refills the ring.

Traps: a batch over 64 overflows the ring of a veth, which loses frames without a word. The other end must run an XDP
program, else it takes no XDP frames at all (or, with GRO on, reorders them). A run of more than one frame makes the
kernel rebuild its XDP dispatcher, twice 12 ms, unless the program is attached somewhere: it is, to the loopback.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.errors import LackingError
from generator.lab import bpf
from generator.lab.assembler import R0, R1, R2, R3, R4, R6, R7, R8, R9, R10, Assembler
from generator.lab.interfaces import inside
from generator.lab.netlink import link
from generator.lab.slots import BYTES, DEADLINE, DESCRIPTOR, FRAMES, NEXT, STATE, STOP, Memory

SHORTEST, LONGEST = 14, 3072  # bytes of a frame; the longest is a page less what the kernel keeps in it
BATCH: Final = 64
WAIT_ROUNDS: Final = 4096  # readings of the clock at most before the program gives up: about 100 us
_RUN_NS: Final = 200_000_000
_ROUND_NS: Final = 100_000
_DENSE_NS: Final = 2_000  # between frames: closer together they go in batches, each alone they would be late
_PASS, _DROP = 2, 1
_KTIME, _REDIRECT, _ADJUST_TAIL, _STORE_BYTES = 5, 23, 65, 190  # helpers of the kernel
_DUE, _AT, _LENGTH = 0, 8, 12


def passing() -> bytes:
    """The program for the other end: every frame goes on to the kernel."""
    return Assembler().set(R0, "=", _PASS).leave().assemble()


def sending(state: int, descriptors: int, data: int, interface: int) -> bytes:
    """The sending program for these maps (see ``slots.Memory``) and that interface.

    A frame that is not sent (none left, not yet due after some waiting, over the deadline) does not advance NEXT.
    """
    code = Assembler()
    code.set_to(R6, "=", R1).value_of(R7, state)
    code.load(R8, 8, R7, NEXT * 8).load(R1, 8, R7, STOP * 8).jump_if_register(R8, ">=", R1, "drop")
    code.value_of(R9, descriptors).set(R8, "&=", FRAMES - 1).set(R8, "<<=", 4).set_to(R9, "+=", R8)
    code.load(R1, 8, R9, _DUE).store(8, R10, -8, R1).set(R8, "=", 0)
    code.label("wait").call(_KTIME)
    code.load(R1, 8, R10, -8).jump_if_register(R0, ">=", R1, "due")
    code.set(R8, "+=", 1).jump_if(R8, "<", WAIT_ROUNDS, "wait").jump("drop")
    code.label("due").load(R1, 8, R7, DEADLINE * 8).jump_if_register(R0, ">=", R1, "drop")
    code.store(8, R9, _DUE, R0)  # when it really left
    code.load(R2, 4, R9, _LENGTH).jump_if(R2, "<", SHORTEST, "drop").jump_if(R2, ">", LONGEST, "drop")
    code.store(8, R10, -16, R2).set(R2, "-=", LONGEST).set_to(R1, "=", R6).call(_ADJUST_TAIL)
    code.jump_if(R0, "!=", 0, "drop")
    code.load(R4, 8, R10, -16).load(R2, 4, R9, _AT).set(R2, "&=", BYTES - 1)
    code.value_of(R3, data).set_to(R3, "+=", R2)
    code.set_to(R1, "=", R6).set(R2, "=", 0).call(_STORE_BYTES)
    code.jump_if(R0, "!=", 0, "drop")
    code.load(R1, 8, R7, NEXT * 8).set(R1, "+=", 1).store(8, R7, NEXT * 8, R1)
    code.set(R1, "=", interface).set(R2, "=", 0).call(_REDIRECT).leave()
    code.label("drop").set(R0, "=", _DROP).leave()
    return code.assemble()


class XdpEngine:
    """Puts what is fed into ``memory`` onto an interface of the calling thread's namespace.

    ``peer`` is the namespace and name of the veth's other end, which runs a passing program until ``close``. Raises
    ``LackingError`` where the kernel has not what it takes.
    """

    mode = "xdp"

    def __init__(self, interface: str, peer: tuple[str, str], *, frugal: bool) -> None:
        here, loopback = link(interface), link("lo")
        if here is None or loopback is None:
            raise LackingError(f"{interface}: no such interface here")
        self._frugal = frugal
        with ExitStack() as held:
            self._open(held, here.number, loopback.number, peer)
            self._held = held.pop_all()

    def _open(self, held: ExitStack, interface: int, loopback: int, peer: tuple[str, str]) -> None:
        """Maps, programs and what attaches them; all goes back with ``held``."""
        state, descriptors, data = (
            bpf.SharedArray(size) for size in (STATE * 8, FRAMES * DESCRIPTOR.itemsize, BYTES + LONGEST)
        )
        for each in (state, descriptors, data):
            held.callback(each.close)
        self.memory = Memory(
            np.frombuffer(state.memory, np.int64, STATE),
            np.frombuffer(descriptors.memory, DESCRIPTOR, FRAMES),
            np.frombuffer(data.memory, np.uint8, BYTES + LONGEST),
        )
        program = bpf.load(sending(state.fd, descriptors.fd, data.fd, interface))
        held.callback(os.close, program)
        held.callback(os.close, bpf.attach(program, loopback, generic=True))
        for fd in inside(peer[0], lambda: _let_pass(peer[1])):
            held.callback(os.close, fd)
        self._run = bpf.LiveRun(program, bytes(LONGEST))
        try:
            self._run.run(1, 1)  # takes nothing
        except OSError as error:
            raise LackingError(f"the kernel runs no XDP live frames: {error.strerror}") from None

    def run(self) -> None:
        """Send what falls due in about the next 200 ms; frugal: what is due now, after waiting for it asleep."""
        now = time.monotonic_ns()
        due = self._waiting()
        ahead = int(np.searchsorted(due, now + (0 if self._frugal else _RUN_NS), "right"))
        if not len(due) or (self._frugal and not ahead):
            wait = int(due[0]) - now if len(due) else 0
            time.sleep(min(max(wait, _ROUND_NS), _RUN_NS) / 1e9)
            return
        dense = ahead >= BATCH and int(due[ahead - 1]) - now < ahead * _DENSE_NS
        self._run.run(ahead if self._frugal else ahead + _RUN_NS // _ROUND_NS, BATCH if dense else 1)

    def close(self) -> None:
        """Detach both programs, give the maps back."""
        self._held.close()

    def _waiting(self) -> npt.NDArray[np.int64]:
        """When the frames that may leave are due, in their order."""
        due, state = self.memory.descriptors["due"], self.memory.state
        first, waiting = int(state[NEXT]) % FRAMES, int(state[STOP] - state[NEXT])
        found = due[first : first + waiting]
        return found if len(found) == waiting else np.concatenate([found, due[: waiting - len(found)]])


def _let_pass(interface: str) -> list[int]:
    there = link(interface)
    if there is None:
        raise LackingError(f"{interface}: the other end of the veth is gone")
    program = bpf.load(passing())
    try:
        return [program, bpf.attach(program, there.number)]
    except LackingError:
        os.close(program)
        raise
