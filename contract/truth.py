"""Truth about a capture: ``tenfold-truth/1``, a JSON file that says which flows are which family."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from contract.addresses import Networks
from contract.errors import InputError
from contract.families import BENIGN, UNKNOWN, catalogue
from contract.files import read_json

FORMAT: Final = "tenfold-truth/1"
PROTOCOLS: Final = {
    "icmp": 1,
    "igmp": 2,
    "tcp": 6,
    "udp": 17,
    "gre": 47,
    "icmpv6": 58,
    "icmp6": 58,
    "ipv6-icmp": 58,
    "sctp": 132,
    "arp": 0x0806,
}
_ARP_OPERATIONS: Final = {"request": 1, "reply": 2}
_MAX_BYTES: Final = 4 << 20  # of rules; truth by attempt is a table
TRUTH_SUFFIX: Final = ".truth.json"  # of the file beside a capture
TABLE_SUFFIX: Final = ".truth.parquet"  # of the same told attempt by attempt


@dataclass(frozen=True)
class Entry:
    """One line of truth. ``None`` and empty lists match anything; ``start`` and ``end`` are epoch nanoseconds."""

    family: str
    technique: str = ""
    start: int | None = None
    end: int | None = None
    attackers: tuple[str, ...] = ()
    victims: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    protocol: int | None = None
    not_ports: tuple[int, ...] = ()
    not_attackers: tuple[str, ...] = ()
    not_victims: tuple[str, ...] = ()
    attacker_macs: tuple[int, ...] = ()
    arp_operation: int | None = None


@dataclass(frozen=True)
class Truth:
    """The entries of one capture and what the rest is (``benign`` or ``unknown``)."""

    capture: str
    entries: tuple[Entry, ...] = field(default_factory=tuple)
    otherwise: str = BENIGN


def read_truth(path: Path) -> Truth:
    """Read a truth file. Raises ``InputError`` that says which entry and key is wrong."""
    document = read_json(path, "truth file", _MAX_BYTES)
    return parse_truth(document, str(path))


def parse_truth(document: Any, where: str) -> Truth:  # noqa: ANN401 - any JSON value may stand there
    """Check a decoded document. Unknown keys are ignored. Raises ``InputError``."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(f'{where}: not a truth file: "format" must be "{FORMAT}"')
    entries = document.get("entries", [])
    if not isinstance(entries, list):
        raise InputError(f"{where}: entries must be a list")
    otherwise = document.get("otherwise", BENIGN)
    if otherwise not in (BENIGN, UNKNOWN):
        raise InputError(f'{where}: otherwise must be "benign" or "unknown", not {otherwise!r}')
    parsed = tuple(_entry(entry, f"{where}: entry {number}") for number, entry in enumerate(entries))
    return Truth(str(document.get("capture", "")), parsed, otherwise)


def _entry(entry: Any, where: str) -> Entry:  # noqa: ANN401
    if not isinstance(entry, dict):
        raise InputError(f"{where}: must be an object")
    family = entry.get("family")
    if not isinstance(family, str) or family not in catalogue():
        raise InputError(f"{where}: no family is called {family!r}; `tenfold families` lists them")
    start, end = _time(entry, "start", where), _time(entry, "end", where)
    if start is not None and end is not None and end < start:
        raise InputError(f"{where}: end lies before start")
    operation = entry.get("arp_operation")
    if operation is not None and operation not in (*_ARP_OPERATIONS, *_ARP_OPERATIONS.values()):
        raise InputError(f'{where}: arp_operation must be "request" or "reply", not {operation!r}')
    return Entry(
        family=family,
        technique=str(entry.get("technique") or ""),
        start=start,
        end=end,
        attackers=_networks(entry, "attackers", where),
        victims=_networks(entry, "victims", where),
        ports=_ports(entry, "ports", where),
        protocol=_protocol(entry.get("protocol"), where),
        not_ports=_ports(entry, "not_ports", where),
        not_attackers=_networks(entry, "not_attackers", where),
        not_victims=_networks(entry, "not_victims", where),
        attacker_macs=_macs(entry, where),
        arp_operation=_ARP_OPERATIONS.get(operation, operation) if operation is not None else None,
    )


def _list(entry: dict[str, Any], key: str, where: str) -> list[Any]:
    value = entry.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InputError(f"{where}: {key} must be a list")
    return value


def _networks(entry: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = _list(entry, key, where)
    try:
        Networks([str(value) for value in values])
    except InputError as error:
        raise InputError(f"{where}: {key}: {error}") from None
    return tuple(str(value) for value in values)


def _ports(entry: dict[str, Any], key: str, where: str) -> tuple[int, ...]:
    values = _list(entry, key, where)
    for value in values:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 65535:
            raise InputError(f"{where}: {key}: {value!r} is no port")
    return tuple(values)


def _macs(entry: dict[str, Any], where: str) -> tuple[int, ...]:
    macs = []
    for value in _list(entry, "attacker_macs", where):
        digits = str(value).replace(":", "").replace("-", "").replace(".", "")
        if not re.fullmatch(r"[0-9A-Fa-f]{12}", digits):
            raise InputError(f"{where}: attacker_macs: {value!r} is no MAC address")
        macs.append(int(digits, 16))
    return tuple(macs)


def _protocol(value: Any, where: str) -> int | None:  # noqa: ANN401
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255:
        return value
    if isinstance(value, str) and value.lower() in PROTOCOLS:
        return PROTOCOLS[value.lower()]
    raise InputError(f"{where}: protocol {value!r} is neither a number nor one of {', '.join(PROTOCOLS)}")


def _time(entry: dict[str, Any], key: str, where: str) -> int | None:
    value = entry.get(key)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError(f"{where}: {key}: {value!r} is no ISO 8601 time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = int(moment.replace(microsecond=0).timestamp())
    return seconds * 1_000_000_000 + moment.microsecond * 1000
