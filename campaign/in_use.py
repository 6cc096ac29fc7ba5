"""What the detectors of this installation run with: the card of their model, and the configuration they are given."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any, Final

from contract.errors import LackingError
from contract.families import BENIGN
from detector.config_keys import TABLES
from detector.live_settings import text_of
from detector.model import DEFAULT, card_path

Json = dict[str, Any]
_PLAIN: Final = ("meter", "alerts", "network", "live")


def model_card(path: Path = DEFAULT) -> Json:
    """The card of a model file, with its name and SHA-256. Raises ``LackingError`` where there is no such file."""
    try:
        data = path.read_bytes()
    except OSError:
        raise LackingError(f"the installation lacks its model {path.name}; `tenfold train` makes one") from None
    try:
        card = json.loads(card_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        card = {}  # a model works without its card
    families = [name for name in card.get("families", ()) if name != BENIGN]
    return {"name": path.stem, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "attacks": families} | {
        "card": card
    }


def configuration(path: Path | None) -> Json:
    """What holds for the detectors: each plain table with its defaults filled in, and the rows of the others.

    Only tables and keys of the detector are told (``detector.config_keys``): whatever else stands in the file may be
    a secret. Raises ``InputError`` where the file cannot be read.
    """
    given = tomllib.loads(text_of(path)) if path else {}
    found: Json = {}
    for table in TABLES:
        said = given.get(table.name)
        names = [key.name for key in table.keys]
        if table.name in _PLAIN:
            said = said if isinstance(said, dict) else {}
            found[table.name] = {key.name: said.get(key.name, key.default) for key in table.keys}
        elif table.many:
            found[table.name] = [_of(row, names) for row in said] if isinstance(said, list) else []
        else:
            said = said if isinstance(said, dict) else {}
            found[table.name] = {family: _of(row, names) for family, row in said.items()}
    return found


def _of(row: object, names: list[str]) -> Json:
    return {name: row[name] for name in names if name in row} if isinstance(row, dict) else {}
