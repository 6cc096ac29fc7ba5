"""Filters: what libpcap and tcpdump say, and one line for what is no filter."""

from __future__ import annotations

import ctypes
import shutil

import pytest

from contract.errors import InputError, LackingError
from detector.capture import live_filter
from detector.capture.live_filter import compiled, keep_all, parsed


def test_no_filter_keeps_everything() -> None:
    assert compiled("  ", 1, 100) is None
    assert keep_all(96) == ((6, 0, 0, 96),)


def test_what_tcpdump_prints_is_read() -> None:
    assert parsed("4\n40 0 0 12\n21 0 1 2054\n6 0 0 262144\n6 0 0 0\n") == (
        (40, 0, 0, 12),
        (21, 0, 1, 0x0806),
        (6, 0, 0, 262_144),
        (6, 0, 0, 0),
    )


@pytest.mark.parametrize("between", [",", "\n", "\n "])
def test_a_compiled_filter_is_taken_as_it_is_and_keeps_no_more_than_the_snap_length(between: str) -> None:
    lines = ["4", "40 0 0 12", "21 0 1 2054", "6 0 0 262144", "6 0 0 0"]
    wanted = ((40, 0, 0, 12), (21, 0, 1, 0x0806), (6, 0, 0, 96), (6, 0, 0, 0))
    assert compiled(between.join(lines), 1, 96) == wanted


@pytest.mark.parametrize(
    "text", ["1,6 0 0", "2,6 0 0 0", "1,6 0 0 x", "1,6 0 256 0", "1,-6 0 0 0", "0,", f"1,6 0 0 {1 << 32}"]
)
def test_what_is_no_compiled_filter_is_one_line(text: str) -> None:
    with pytest.raises(InputError, match=r"a compiled filter is a count|instructions are not what the kernel takes"):
        compiled(text, 1, 96)


def test_a_filter_is_compiled_or_refused_in_one_line() -> None:
    try:
        ctypes.CDLL("libpcap.so.0.8")
    except OSError:
        pytest.skip("optional: libpcap is not installed")
    assert compiled("arp", 1, 128) == ((40, 0, 0, 12), (21, 0, 1, 0x0806), (6, 0, 0, 128), (6, 0, 0, 0))
    with pytest.raises(InputError, match=r"filter 'no such thing': "):
        compiled("no such thing", 1, 128)


def test_without_libpcap_and_tcpdump_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_filter, "_LIBRARIES", ())
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(LackingError, match="needs libpcap"):
        compiled("arp", 1, 128)
