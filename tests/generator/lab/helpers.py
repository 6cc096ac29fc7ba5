"""Names and frames for the tests of the lab."""

from __future__ import annotations

import itertools
import os
import socket
import struct

import numpy as np
import numpy.typing as npt

from generator.lab.interfaces import inside
from generator.lab.namespaces import Lab
from generator.lab.netlink import link

ALL = 0x0300  # ETH_P_ALL in network order, as socket() wants it; bind() wants the host's
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35

LAB_FRAME = bytes.fromhex("020000000002020000000001080045000030000000004011000000000000") + bytes(34)


def own_lab(word: str) -> Lab:
    """Names that no other lab of this machine has."""
    mark = f"{os.getpid()}-{word}"
    return Lab(f"tft-{mark}-send", f"tft-{mark}-listen", "tft-send", "tft-listen")


def frames(n: int, seed: int = 1, longest: int = 200) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Offsets and bytes of ``n`` frames within 198.18.0.0/15, of 60 bytes to ``longest``, each with its number."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(60, longest + 1, n)
    offsets = np.zeros(n + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    data = draw.integers(0, 256, int(offsets[-1]), np.uint8)
    # To the discard service: the gate would refuse what goes to the port of a tunnel and is none.
    head = np.frombuffer(LAB_FRAME[:26] + bytes([198, 18, 1, 2, 198, 19, 3, 4, 0x9C, 0x40, 0, 9]), np.uint8)
    for place, value in enumerate(head):
        data[offsets[:-1] + place] = value
    for place in range(4):
        data[offsets[:-1] + 42 + place] = np.arange(n) >> (8 * place) & 0xFF
    return offsets, data


class Listener:
    """A packet socket on the lab's listening end: what arrives, byte for byte, with the kernel's time of arrival."""

    def __init__(self, lab: Lab) -> None:
        self.socket = inside(lab.listen_namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, ALL))
        number = inside(lab.listen_namespace, lambda: link(lab.listen_interface))
        assert number is not None
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        inside(lab.listen_namespace, lambda: self.socket.bind((lab.listen_interface, 3)))
        self.socket.settimeout(30)

    def take(self, n: int) -> tuple[list[bytes], list[int]]:
        """The next ``n`` frames and when the kernel received each (epoch ns)."""
        found, times = [], []
        for _ in range(n):
            frame, more, _, _ = self.socket.recvmsg(10_000, 100)
            seconds, nanoseconds = struct.unpack("=qq", more[0][2][:16])
            found.append(frame)
            times.append(seconds * 1_000_000_000 + nanoseconds)
        return found, times

    def silent(self) -> bool:
        """Nothing more has arrived."""
        self.socket.setblocking(False)
        try:
            return not self.socket.recv(100)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(30)

    def close(self) -> None:
        self.socket.close()


def cut(offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8]) -> list[bytes]:
    """The frames one by one."""
    return [data[low:high].tobytes() for low, high in itertools.pairwise(offsets)]
