"""The status file of the detector's process. Needs no numpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contract.errors import InputError


def write_status(path: Path, document: dict[str, Any]) -> None:
    """Replace a status file in one step. Raises ``InputError`` where that fails."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_text(json.dumps(document), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror}") from None
