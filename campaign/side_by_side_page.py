"""The side-by-side document as one HTML file that opens offline."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from campaign.report import ASSETS, environment, milliseconds, number, percent
from contract.errors import InputError
from contract.version import VERSION

Json = dict[str, Any]


def write(document: Json, cards: dict[str, Json], path: Path) -> Path:
    """Write the page; ``cards`` are the scorecards by detector. Raises ``InputError`` where it cannot be written."""
    pages = environment(number=number, percent=percent, ms=milliseconds, seconds=seconds)
    text = pages.get_template("side_by_side.html.j2").render(
        version=VERSION,
        page=document,
        cards=cards,
        names=[row["name"] for row in document["detectors"]],
        style=(ASSETS / "report.css").read_text(encoding="utf-8"),
    )
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot write the report: {error.strerror}") from None
    return path


def seconds(value: float | None) -> str:
    """A time to detect for people."""
    return "-" if value is None else f"{value:,.2f} s" if value >= 0.1 else f"{1000 * value:,.1f} ms"
