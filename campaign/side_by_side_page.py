"""The side-by-side document as one HTML file that opens offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from campaign.report_page import environment, style, write_page
from campaign.side_by_side import summary
from contract.version import VERSION

Json = dict[str, Any]


def write(document: Json, cards: dict[str, Json], path: Path) -> Path:
    """Write the page; ``cards`` are the scorecards by detector. Raises ``InputError`` where it cannot be written."""
    template = environment(seconds=seconds).get_template("side_by_side.html.j2")
    names = [row["name"] for row in document["detectors"]]
    lines = summary(document)
    return write_page(
        path,
        lambda: template.render(version=VERSION, page=document, cards=cards, names=names, summary=lines, style=style()),
    )


def seconds(value: float | None) -> str:
    """A time to detect for people."""
    return "-" if value is None else f"{value:,.2f} s" if value >= 0.1 else f"{1000 * value:,.1f} ms"
