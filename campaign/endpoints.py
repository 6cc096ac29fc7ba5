"""``address:port`` as Snort and Suricata write it in text, IPv6 with and without brackets."""

from __future__ import annotations

from typing import Final

from campaign.alert_record import NOBODY, NONE, BadLineError, address, port

_PORTED: Final = (6, 17, 33, 132)


def endpoint(words: str, protocol: int) -> tuple[bytes, int]:
    """Address and port. Without brackets the last colon of a protocol that has ports is the port's.

    Raises ``BadLineError``.
    """
    if not words:
        return NOBODY, NONE
    if words.startswith("["):
        host, closed, rest = words[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise BadLineError(f"{words!r} is no address and port")
        return address(host), port(rest[1:])
    host, colon, last = words.rpartition(":")
    if not colon:
        return address(words), NONE
    if ":" not in host:
        ends = address(host), port(last)
        return ends if protocol in _PORTED else (ends[0], NONE)
    if protocol in _PORTED and last.isdecimal():
        return address(host), port(last)
    return address(words.removesuffix(":0") if words.count(":") > 7 else words), NONE
