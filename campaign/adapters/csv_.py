"""CSV of any tool: which column holds what stands in the ``fields`` of the mapping (``campaign.generic_fields``)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Final

from campaign.alert_record import BadLineError, Reader, ReadSettings, Row
from campaign.alert_table import Many
from campaign.generic_fields import Fields
from contract.errors import InputError

TITLE: Final = "CSV with columns named in [detector.fields]"
FILES: Final = ("*.csv",)


class _Csv:
    def __init__(self, settings: ReadSettings) -> None:
        self._fields = Fields(settings)
        self._delimiter = str(settings.fields.get("delimiter", ","))
        if len(self._delimiter) != 1:
            raise InputError(f"fields: delimiter {self._delimiter!r} is no single character")
        self._at: dict[str | int, int] = {}
        self._width = 0
        if settings.fields.get("header", True) is False:
            self._at = {number: number - 1 for number in range(1, 1025)}

    def take(self, line: bytes) -> tuple[Row, ...]:
        try:
            (cells,) = csv.reader([line.decode("utf-8-sig")], delimiter=self._delimiter, strict=True)
        except UnicodeDecodeError as error:
            raise BadLineError(f"not UTF-8 at byte {error.start + 1}") from None
        except csv.Error as error:
            raise BadLineError(f"not CSV, one row a line: {error}") from None
        except ValueError:  # no row, or several
            return ()
        if not self._at:
            self._header(cells)
            return ()
        self._width = self._width or len(cells)
        if len(cells) != self._width:
            raise BadLineError(f"{len(cells)} cells where there should be {self._width}: cut off?")

        def value_of(column: str | int) -> object:
            try:
                return cells[self._at[column]]
            except (KeyError, IndexError):
                raise BadLineError(f"there is no column {column!r}") from None

        return self._fields.row(value_of)

    def take_many(self, lines: Sequence[bytes]) -> Many | None:
        """As ``take`` of each, by column; None where some line must be looked at alone. Raises ``ValueError``."""
        words = b"\n".join(lines).decode()
        if not self._width or "\ufeff" in words:
            return None
        try:
            rows = list(csv.reader(words.split("\n"), delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None
        # As many rows as lines: none of them goes on in the next.
        if len(rows) != len(lines) or set(map(len, rows)) != {self._width}:
            return None

        def column(name: str | int) -> list[str]:
            at = self._at.get(name, self._width)
            if at >= self._width:
                raise BadLineError(f"there is no column {name!r}")
            return [row[at] for row in rows]

        return self._fields.table(column, len(rows))

    def _header(self, cells: list[str]) -> None:
        self._at = {name.strip(): at for at, name in enumerate(cells)}
        self._width = len(cells)
        for name in (*self._fields.columns.values(), *self._fields.where):
            if name not in self._at:
                raise InputError(f"the header names no column {name!r}; it names {', '.join(map(str, self._at))}")


def reader(settings: ReadSettings) -> Reader:
    """A reader of one CSV file."""
    return _Csv(settings)
