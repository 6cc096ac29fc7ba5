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
