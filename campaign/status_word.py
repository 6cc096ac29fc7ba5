"""What a detector that is somebody's child says of itself, in its status file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class StatusWord:
    """Reads the file. ``pid`` is the present child's: one of a service that was killed may still be ending."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.pid: int | None = None

    def last(self) -> dict[str, Any]:
        """The last word, whose ever it is; ``{}`` before the first."""
        try:
            document = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def own(self) -> dict[str, Any]:
        """The last word of the present child, ``{}`` before its first."""
        document = self.last()
        return document if document.get("pid") == self.pid else {}


def whole_number(value: object) -> int:
    """A count that a status says, 0 where it says something else."""
    return value if isinstance(value, int) else 0
