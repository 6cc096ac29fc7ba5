"""What a line of a detector's output may say: an alert, a flow that it saw, or what it counted itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from socket import AF_INET, inet_pton
from typing import Final, NamedTuple, Protocol

from campaign.alert_times import Stamps
from contract.addresses import MAPPED_PREFIX, to_bytes
from contract.errors import InputError
from contract.truth import PROTOCOLS

NONE: Final = -1
NOBODY: Final = bytes(16)
_TEXT: Final = 512  # a signature's text is cut at so many characters
_PROTOCOLS: Final = PROTOCOLS | {"ipv6_icmp": 58, "ipv4": 4, "unknown_transport": NONE, "ip": NONE, "": NONE, "-": NONE}


class BadLineError(ValueError):
    """A line that is none of the format; the text says why."""


class Kind(NamedTuple):
    """What an alert says, whoever it is about. All are texts, empty where the detector does not say."""

    signature: str
    signature_id: str = ""
    category: str = ""
    severity: str = ""
    technique: str = ""


class AlertRow(NamedTuple):
    """One alert. ``time`` is its own stamp (epoch ns); a port or protocol is ``NONE`` where it has none."""

    time: int
    kind: Kind
    src: bytes = NOBODY
    dst: bytes = NOBODY
    src_port: int = NONE
    dst_port: int = NONE
    protocol: int = NONE
    community_id: str = ""


class SeenRow(NamedTuple):
    """A flow that the detector itself recorded."""

    first: int
    last: int
    src: bytes
    dst: bytes
    src_port: int
    dst_port: int
    protocol: int


class CountRow(NamedTuple):
    """Counters of the detector's own, by name. ``running`` ones only grow; others are of the time since the last."""

    time: int
    values: Mapping[str, float]
    running: bool = True


Row = AlertRow | SeenRow | CountRow


@dataclass(frozen=True)
class ReadSettings:
    """What a reader may need: how stamps are read, the name of the file, and the columns of a generic format."""

    stamps: Stamps = field(default_factory=Stamps)
    file_name: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)


class Reader(Protocol):
    """Reads the lines of one file, in order; it may remember a header."""

    def take(self, line: bytes) -> tuple[Row, ...]:
        """What one line says, without its line feed; nothing where that is no alert. Raises ``BadLineError``."""
        ...


@lru_cache(maxsize=1 << 16)
def address(text: str) -> bytes:
    """The 16 bytes of an address in text. Raises ``BadLineError``."""
    with suppress(OSError, ValueError):  # IPv6, or none
        return MAPPED_PREFIX + inet_pton(AF_INET, text)
    try:
        return to_bytes(text.partition("%")[0])
    except InputError as error:
        raise BadLineError(str(error)) from None


def address_or_none(value: object) -> bytes:
    """An address that may be missing. Raises ``BadLineError`` for what is neither."""
    if value in (None, "", "-"):
        return NOBODY
    if not isinstance(value, str):
        raise BadLineError(f"{value!r} is no address")
    return address(value)


def port(value: object) -> int:
    """A port, ``NONE`` where there is none. Raises ``BadLineError``."""
    if value in (None, "", "-"):
        return NONE
    if isinstance(value, str) and value.isdecimal() and len(value) < 6:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65_535:
        return value
    raise BadLineError(f"{value!r} is no port")


def protocol(value: object) -> int:
    """An IP protocol by name or number, ``NONE`` where nobody says or the name is not known."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value <= 255 else NONE
    if isinstance(value, str):
        name = value.strip().lower()
        return int(name) if name.isdecimal() and len(name) < 4 else _PROTOCOLS.get(name, NONE)
    return NONE


def text(value: object) -> str:
    """A name out of hostile input, bounded."""
    if value is None:
        return ""
    return (value if isinstance(value, str) else str(value))[:_TEXT]
