"""How to listen, out of a configuration file, before anything else of it is read.

The ring of an interface is opened while there is one thread, and rights are given up then: hence no numpy here. The
whole file is checked afterwards (``detector.config_file``); what is of the wrong kind is passed over until then.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from contract.errors import InputError
from contract.files import read_text
from contract.toml_text import read_toml

MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Live:
    """How to listen to an interface, where the command line does not say otherwise."""

    filter: str = ""
    promiscuous: bool = False
    snaplen: int = 262_144
    ring_mib: int = 64
    rings: int = 1


def text_of(path: Path) -> str:
    """The text of a configuration file. Raises ``InputError``."""
    return read_text(path, "configuration file", MOST_BYTES)


def live_of(text: str) -> Live:
    """The table ``[live]`` of a configuration, as far as it can be used."""
    try:
        document: Any = read_toml(text, "")
    except InputError:
        return Live()
    given = document.get("live")
    given = given if isinstance(given, dict) else {}
    default = Live()
    kinds = {one.name: type(getattr(default, one.name)) for one in fields(Live)}
    return Live(**{name: value for name, value in given.items() if type(value) is kinds.get(name)})
