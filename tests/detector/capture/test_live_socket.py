"""What cannot be listened to is refused in one line; what can is counted by the kernel."""

from __future__ import annotations

import ctypes
import struct
import threading

import pytest

from contract.errors import InputError, LackingError
from detector.capture.live_socket import Options, Ring
from tests.detector.wires import needs_wire


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"interface": "a/b"}, "is no name of an interface"),
        ({"interface": "lo", "snaplen": 3}, "a snap length of 3 is not between"),
        ({"interface": "lo", "fanout": 70_000}, "a fanout group of 70000"),
        ({"interface": "lo", "ring_bytes": 5}, "a ring of 5 bytes"),
        ({"interface": "lo", "rings": 65}, "65 rings are not between 1 and 64"),
        ({"interface": "lo", "rings": 0}, "0 rings are not between"),
        ({"interface": "lo", "rings": 2, "ring_bytes": 1 << 18}, "a ring of 262,144 bytes"),
        ({"interface": "lo", "rings": 2, "fanout": 3}, "with no other process: no --fanout"),
    ],
)
def test_options_that_make_no_sense(options: dict, line: str) -> None:
    with pytest.raises(InputError, match=line):
        Options(**options)


def test_an_interface_that_is_not_there() -> None:
    with pytest.raises(InputError, match="no interface is called 'tfx-none'; there are"):
        Ring(Options("tfx-none"))
    with pytest.raises(LackingError, match="tfx-nowhere: No such file or directory"):
        Ring(Options("lo", "tfx-nowhere"))


@needs_wire
def test_a_bad_filter_leaves_nothing_open() -> None:
    with pytest.raises((InputError, LackingError), match="filter"):
        Ring(Options("lo", filter_text="no such thing"))


def test_without_the_right_one_line_says_so() -> None:
    found: list[str] = []

    def without() -> None:
        # Capabilities belong to threads: this one gives up its own.
        libc = ctypes.CDLL(None)
        assert libc.capset(struct.pack("Ii", 0x20080522, 0), bytes(24)) == 0
        with pytest.raises(LackingError, match="lo: no right to capture: run as root") as caught:
            Ring(Options("lo"))
        found.append(str(caught.value))

    thread = threading.Thread(target=without)
    thread.start()
    thread.join()
    assert len(found) == 1
