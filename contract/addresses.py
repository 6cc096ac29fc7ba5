"""Addresses as 16 bytes: IPv6 in network order, IPv4 mapped (RFC 4291 section 2.5.5.2).

One width for both versions lets a column of addresses be a plain ``(n, 16)`` uint8 array.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contract.errors import InputError

WIDTH = 16
MAPPED_PREFIX = bytes(10) + b"\xff\xff"
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
Bytes2D = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


def to_bytes(text: str) -> bytes:
    """The 16 bytes of an address in text. Raises ``InputError`` where it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise InputError(f"{text!r} is not an IP address") from None
    return MAPPED_PREFIX + address.packed if address.version == 4 else address.packed


def to_text(packed: bytes) -> str:
    """An address of 16 bytes as people write it."""
    if packed[:12] == MAPPED_PREFIX:
        return ".".join(map(str, packed[12:]))
    return str(ipaddress.IPv6Address(packed))


def column_to_array(column: pa.Array | pa.ChunkedArray) -> Bytes2D:
    """A ``fixed_size_binary(16)`` column without nulls as an ``(n, 16)`` uint8 array, in place where Arrow allows."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    data = column.buffers()[1]
    if len(column) == 0 or data is None:
        return np.zeros((0, WIDTH), np.uint8)
    flat = np.frombuffer(data, np.uint8, len(column) * WIDTH, column.offset * WIDTH)
    return flat.reshape(len(column), WIDTH)


def array_to_column(array: Bytes2D) -> pa.Array:
    """An ``(n, 16)`` uint8 array as a ``fixed_size_binary(16)`` column."""
    flat = np.ascontiguousarray(array, np.uint8)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(WIDTH), len(flat), [None, pa.py_buffer(flat)])


def is_mapped(array: Bytes2D) -> Mask:
    """Which rows of an ``(n, 16)`` array are IPv4 addresses: bool ``(n,)``."""
    wide = np.ascontiguousarray(array, np.uint8).reshape(-1, WIDTH)
    high, low = np.frombuffer(MAPPED_PREFIX, np.uint64, 1)[0], np.frombuffer(MAPPED_PREFIX, np.uint32, 1, 8)[0]
    mapped: Mask = (wide.view(np.uint64)[:, 0] == high) & (wide.view(np.uint32)[:, 2] == low)
    return mapped


def text_column(array: Bytes2D) -> pa.Array:
    """Each row of an ``(n, 16)`` array as text, as a column of strings."""
    array = np.ascontiguousarray(array, np.uint8)
    mapped = is_mapped(array)
    if mapped.all():
        return _dotted(array)
    places = np.empty(len(array), np.int64)
    places[mapped] = np.arange(mapped.sum())
    places[~mapped] = mapped.sum() + np.arange((~mapped).sum())
    return pa.concat_arrays([_dotted(array[mapped]), _in_groups(array[~mapped])]).take(pa.array(places))


def texts(array: Bytes2D) -> list[str]:
    """Each row of an ``(n, 16)`` array as text."""
    words: list[str] = text_column(array).to_pylist()
    return words


def _dotted(array: Bytes2D) -> pa.Array:
    """Rows that are IPv4 addresses as text."""
    octets = pa.array([str(number) for number in range(256)])
    columns = [octets.take(pa.array(np.ascontiguousarray(array[:, at]))) for at in range(12, 16)]
    return pc.binary_join_element_wise(*columns, ".")


def _in_groups(array: Bytes2D) -> pa.Array:
    """Rows that are IPv6 addresses as text, as RFC 5952 section 4 has it."""
    groups = np.ascontiguousarray(array).view(">u2").astype(np.uint16)
    count = len(groups)
    first, length = _longest_zeros(groups == 0)
    at = np.arange(8)
    left_out = (at >= first[:, None]) & (at < (first + length)[:, None])
    # each group has five places: four digits and the colon behind it; of the groups left out the first one says '::'
    letters = np.full((count, 8, 5), ord(":"), np.uint8)
    shown = np.zeros((count, 8, 5), np.bool_)
    for place in range(4):
        letters[:, :, place] = _HEX[(groups >> (12 - 4 * place)) & 15]
        shown[:, :, place] = (groups >> (12 - 4 * place) > 0) | (place == 3)
    shown[left_out] = False
    shown[:, :7, 4] = ~left_out[:, :7] & ~left_out[:, 1:]
    some = np.flatnonzero(length)
    letters[some, first[some], :2] = ord(":")
    shown[some, first[some], :2] = True
    return strings(letters.reshape(count, 40), shown.reshape(count, 40))


def _longest_zeros(zero: Mask) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the longest run of two zero groups or more begins in each row, the first of equal ones, and its length."""
    first, most = np.zeros(len(zero), np.int64), np.zeros(len(zero), np.int64)
    run = np.zeros(len(zero), np.int64)
    for at in range(8):
        run = np.where(zero[:, at], run + 1, 0)
        longer = (run > most) & (run > 1)
        most, first = np.where(longer, run, most), np.where(longer, at - run + 1, first)
    return first, most


def mac_column(macs: npt.NDArray[np.uint64]) -> pa.Array:
    """MAC addresses, 48-bit numbers, as people write them, '' for 0."""
    octets = np.ascontiguousarray(macs).astype(">u8").view(np.uint8).reshape(-1, 8)[:, 2:]
    letters = np.full((len(octets), 6, 3), ord(":"), np.uint8)
    letters[:, :, 0], letters[:, :, 1] = _HEX[octets >> 4], _HEX[octets & 15]
    shown = np.repeat((np.asarray(macs) != 0)[:, None], 17, axis=1)
    return strings(letters.reshape(-1, 18)[:, :17], shown)


def strings(letters: npt.NDArray[np.uint8], shown: Mask) -> pa.Array:
    """The ASCII letters of each row of a matrix that are shown, as a column of strings."""
    offsets = np.zeros(len(letters) + 1, np.int32)
    np.cumsum(np.count_nonzero(shown, axis=1), out=offsets[1:])
    return pa.StringArray.from_buffers(len(letters), pa.py_buffer(offsets), pa.py_buffer(letters[shown]))


class Networks:
    """A set of addresses and prefixes that a column of addresses is tested against.

    Raises ``InputError`` where an entry is neither an address nor a prefix.
    """

    def __init__(self, entries: Sequence[str]) -> None:
        ranges = []
        for entry in entries:
            try:
                network = ipaddress.ip_network(entry, strict=False)
            except ValueError:
                raise InputError(f"{entry!r} is neither an IP address nor a prefix") from None
            pad = MAPPED_PREFIX if network.version == 4 else b""
            ranges.append((pad + network.network_address.packed, pad + network.broadcast_address.packed))
        self._count = len(ranges)
        lows: list[bytes] = []
        highs: list[bytes] = []
        for low, high in sorted(ranges):  # ranges that overlap become one, so that a look-up is one binary search
            if highs and low <= highs[-1]:
                highs[-1] = max(highs[-1], high)
            else:
                lows.append(low)
                highs.append(high)
        # numpy compares byte strings like memcmp; the zeros that it strips from their ends it puts back to compare.
        self._lows, self._highs = np.array(lows, f"S{WIDTH}"), np.array(highs, f"S{WIDTH}")

    def __len__(self) -> int:
        return self._count

    def contains(self, addresses: Bytes2D) -> Mask:
        """Which rows of an ``(n, 16)`` array lie in one of the prefixes: bool ``(n,)``."""
        if not self._count or not len(addresses):
            return np.zeros(len(addresses), np.bool_)
        asked = np.ascontiguousarray(addresses, np.uint8).view(f"S{WIDTH}").ravel()
        at = np.searchsorted(self._lows, asked, side="right") - 1
        found: Mask = (at >= 0) & (asked <= self._highs[np.maximum(at, 0)])
        return found
