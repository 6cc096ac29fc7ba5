"""What filters ask of a row of ``alerts``, in SQL."""

from __future__ import annotations

import json
from typing import Any, Final

from contract.addresses import to_bytes
from contract.errors import InputError
from store.filters import Filters, bounds

_BY_ADDRESS: Final = "alert_id IN (SELECT alert_id FROM alert_addresses WHERE address BETWEEN ? AND ?)"
_BY_PORT: Final = "alert_id IN (SELECT alert_id FROM alert_ports WHERE port = ?)"
# For stores that were written before there were these indexes (``store.layout.INDEXES``).
_BY_HOST_TEXT: Final = "alert_id IN (SELECT alert_id FROM alert_hosts WHERE packed(host) BETWEEN ? AND ?)"
_BY_PORT_TEXT: Final = "EXISTS (SELECT 1 FROM json_each(document, '$.ports') WHERE value = ?)"


def conditions(filters: Filters, *, indexed: bool = True) -> tuple[list[str], list[Any]]:
    """Conditions and their values; all must hold. Raises ``InputError``.

    Where the store is not ``indexed``, its database must know the function ``packed``.
    """
    filters.check()
    pairs: list[tuple[str, Any]] = [
        ("last_seen >= ?", filters.since),
        ("first_seen <= ?", filters.until),
        ("confidence >= ?", filters.min_score),
        ("severity = ?", filters.severity),
        ("open = ?", filters.open),
        ("alert_id IN (SELECT alert_id FROM alert_flows WHERE community_id = ?)", filters.community_id),
        (_BY_PORT if indexed else _BY_PORT_TEXT, filters.port),
    ]
    texts = [text for text, value in pairs if value is not None]
    values = [value for _, value in pairs if value is not None]
    families = filters.families()
    if filters.family is None and filters.technique is None and filters.group is not None:
        texts.append("grp = ?")  # a group is in the row itself, whatever the catalogue says today
        values.append(filters.group)
    elif families is not None and len(families) == 1:
        texts.append("family = ?")
        values += families
    elif families is not None:
        texts.append("family IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(sorted(families)))
    if filters.host is not None:
        stretches = bounds(filters.host)
        texts.append(f"({' OR '.join([_BY_ADDRESS if indexed else _BY_HOST_TEXT] * len(stretches))})")
        values += [end for stretch in stretches for end in stretch]
    return texts, values


def packed(host: str) -> bytes | None:
    """The 16 bytes of an address in text, None where it is none."""
    try:
        return to_bytes(host)
    except InputError:
        return None
