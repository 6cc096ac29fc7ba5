"""Which format a file of alerts has, told from its first lines."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Final

from campaign import adapters
from campaign.alert_files import files_of
from campaign.alert_lines import lines_of, opened
from campaign.alert_record import BadLineError, ReadSettings
from contract.errors import InputError

_LINES: Final = 20
_TOLD = ("csv", "ndjson")  # these need to be told their columns


def guess(path: Path) -> str:
    """The one format of which all of its first lines are. Raises ``InputError`` where that is none, or several."""
    fits = [name for name in adapters.names() if name not in _TOLD and _fits(path, name)]
    if len(fits) == 1:
        return fits[0]
    raise InputError(
        f"{path}: its format cannot be told from its first lines; say --format, one of {', '.join(adapters.names())}"
    )


def _fits(path: Path, name: str) -> bool:
    adapter = adapters.adapter(name)
    try:
        files = files_of([path], adapter)
        reader = adapter.reader(ReadSettings(file_name=files[0].name))
        with opened(files[0]) as file:
            lines = list(islice(lines_of(file), _LINES))
        for _, line, whole in lines:
            if whole or len(lines) == 1:
                reader.take(line)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file of alerts") from None
    except (BadLineError, InputError, OSError, EOFError):
        return False
    return bool(lines)
