"""The value of one key of a configuration file: what TOML has, checked, or a line that says what it must be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Final

from contract.addresses import Networks
from contract.alert import SEVERITIES
from contract.config_key import Key
from contract.errors import InputError
from contract.families import GROUPS, catalogue
from contract.host_names import is_host_name
from detector.config_keys import KINDS, bounds
from detector.silence import mac_of
from detector.tunnels import levels_of
from store.formats.base import WHATS

_SPAN: Final = re.compile(r"^(\d\d):(\d\d)-(\d\d):(\d\d)$")
_DAY: Final = 24 * 60
_MOST_ENTRIES: Final = 10_000


def value(key: Key, given: Any) -> Any:  # noqa: ANN401 - any TOML value
    """The value as it is used. Raises ``InputError`` where it is not of the key's kind or out of its bounds."""
    if key.kind in ("number", "whole"):
        return _number(key, given)
    if key.kind in ("families", "places", "networks", "hours", "hosts", "whats"):
        return _list(key, given)
    if key.kind == "flag":
        good = isinstance(given, bool)
    elif key.kind == "date":
        good = isinstance(given, date) and not isinstance(given, datetime)
    else:
        good = isinstance(given, str)
    if good and key.kind == "tunnels":
        levels_of(given)
    if not good:
        raise InputError(f"must be {KINDS[key.kind]}, not {_shown(given)}")
    if key.kind == "severity" and given not in SEVERITIES:
        raise InputError(f"must be {KINDS['severity']}, not {_shown(given)}{_near(given, SEVERITIES)}")
    if key.kind == "choice" and given not in key.choices:
        raise InputError(f"must be one of {', '.join(key.choices)}, not {_shown(given)}")
    if key.kind == "text" and key.needed and not given.strip():
        raise InputError("is empty; say something")
    return given


def _number(key: Key, given: Any) -> float | int:  # noqa: ANN401 - any TOML value
    kinds = (int,) if key.kind == "whole" else (int, float)
    number = isinstance(given, kinds) and not isinstance(given, bool)
    if not number or not key.low <= given <= key.high:
        raise InputError(f"must be {KINDS[key.kind]} from {bounds(key)}, not {_shown(given)}")
    return int(given) if key.kind == "whole" else float(given)


def _list(key: Key, given: Any) -> list[str]:  # noqa: ANN401 - any TOML value
    if not isinstance(given, list) or not all(isinstance(entry, str) for entry in given):
        raise InputError(f"must be {KINDS[key.kind]}, each in quotes, not {_shown(given)}")
    if key.kind == "whats" and not given:
        raise InputError(f"is empty; name some of {', '.join(WHATS)}")
    if len(given) > _MOST_ENTRIES:
        raise InputError(f"{len(given):,} entries are more than {_MOST_ENTRIES:,}; use prefixes")
    for entry in given:
        if key.kind == "families":
            known = [*GROUPS, *attacks()]
            if entry not in known:
                raise InputError(f"no family of attacks and no group is called {entry!r}{_near(entry, known)}")
        elif key.kind == "whats":
            if entry not in WHATS:
                raise InputError(f"{entry!r} is none of {', '.join(WHATS)}")
        elif key.kind == "hours":
            span(entry)
        elif key.kind == "hosts":
            if not is_host_name(entry):
                raise InputError(f"{entry!r} is no host name; write tenfold.example or tenfold.example:8150")
        elif key.kind == "networks" or mac_of(entry) is None:
            Networks([entry])
    return given


def span(text: str) -> tuple[int, int]:
    """``22:00-06:00`` as two minutes of the day. Raises ``InputError``."""
    match = _SPAN.match(text)
    if match:
        low, high = (int(match[at]) * 60 + int(match[at + 1]) for at in (1, 3))
        minutes = int(match[2]) < 60 and int(match[4]) < 60
        if minutes and low < _DAY and high <= _DAY and low != high:
            return low, high
    raise InputError(f'{text!r} is no span of the day, as "22:00-06:00"')


def attacks() -> list[str]:
    """The families of attacks, by name."""
    return sorted(family.id for family in catalogue().values() if family.attack)


def expand(names: Iterable[str]) -> list[str]:
    """Families and groups as families."""
    known = catalogue()
    return [family for name in names for family in attacks() if name in (family, known[family].group)]


def lower(sentence: str) -> str:
    """A sentence as the rest of another one."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _near(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), 1, 0.6)
    return f"; did you mean {near[0]}?" if near else "; `tenfold families` lists them"


def _shown(given: Any) -> str:  # noqa: ANN401 - any TOML value
    text = str(given).lower() if isinstance(given, bool) else repr(given)
    return text if len(text) <= 60 else f"{text[:57]}..."
