"""Checksums of a rewritten packet: recomputed where all that they cover is there, else brought up to date (RFC 1624).

Recomputing also mends what a network card would have filled in (checksum offload). A UDP checksum of 0 over IPv4 means
that there is none, and stays.
"""

from __future__ import annotations

from typing import Final

from contract.jit import lean_kernel, lean_part
from generator.replay.octets import I64, U8, Int, be16, folded, put16, word_sum
from generator.replay.trail import BODY, END, HEADER, LEVELS, PIECE, PROTOCOL, VERSION, Trail

_UDP: Final = 17
_PSEUDO: Final = (6, 17, 33, 58, 136)  # covered together with the addresses


@lean_part
def mend(old: U8, shift: Int, known: Int, out: U8, end: Int, trail: Trail) -> None:
    """Set all checksums of the packet in ``out`` that ends at ``end``, from the innermost out.

    ``old[k + shift]`` is what stood at ``out[k]`` in the capture, for ``k`` below ``known``.
    """
    for n in range(trail.state[LEVELS]):
        level = trail.levels[trail.state[LEVELS] - 1 - n]
        if level[VERSION] == 4:
            at = level[HEADER]
            put16(out, at + 10, 0)
            put16(out, at + 10, ~folded(word_sum(out, at, at + (out[at] & 15) * 4)) & 0xFFFF)
        if level[PIECE] != 2:
            _transport(old, shift, known, out, end, level)


@lean_part
def _place(protocol: Int) -> Int:
    """Where in the transport header the checksum stands; -1 where there is none that the addresses touch."""
    if protocol == 6:
        return 16
    if protocol in (_UDP, 33, 136):
        return 6
    return 2 if protocol in (1, 2, 58) else -1


@lean_part
def _addresses(data: U8, level: I64, shift: Int) -> Int:
    """The sum of both addresses of a level."""
    at = level[HEADER] + shift
    return word_sum(data, at + 12, at + 20) if level[VERSION] == 4 else word_sum(data, at + 8, at + 40)


@lean_kernel
def _transport(old: U8, shift: int, known: int, out: U8, end: int, level: I64) -> None:
    protocol, at = level[PROTOCOL], level[BODY]
    place = _place(protocol)
    stop = level[END] if level[END] > 0 else end
    if place < 0 or at + place + 2 > min(stop, end):
        return
    had = be16(out, at + place)
    if protocol == _UDP:
        if had == 0 and level[VERSION] == 4:
            return
        length = be16(out, at + 4)
        if 8 <= length <= stop - at:
            stop = at + length
        elif length != 0 or level[END] > 0:
            stop = end + 1  # says more than there is: nobody can recompute it
    pseudo = protocol in _PSEUDO
    if stop <= end and level[PIECE] == 0 and protocol not in (33, 136):
        put16(out, at + place, 0)
        total = word_sum(out, at, stop)
        if pseudo:
            total += _addresses(out, level, 0) + protocol + ((stop - at) >> 16) + ((stop - at) & 0xFFFF)
    else:
        if had == 0 and protocol == _UDP:
            return
        # Bytes that were captured and changed (a quoted packet), and the addresses.
        was, now = 0, 0
        if protocol not in (33, 136):
            limit = min(stop, known)
            was, now = word_sum(old, at + shift, limit + shift), word_sum(out, at, limit)
        if pseudo:
            was += _addresses(old, level, shift)
            now += _addresses(out, level, 0)
        total = (~had & 0xFFFF) + now + (0xFFFF - folded(was))
    value = ~folded(total) & 0xFFFF
    put16(out, at + place, 0xFFFF if value == 0 and protocol == _UDP else value)
