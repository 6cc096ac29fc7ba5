"""``tenfold report``: the report of a run folder, made anew as HTML, Markdown or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonFlag, print_json


def command(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    format_: Annotated[str, typer.Option("--format", help="html (one file, offline), md or json.")] = "html",
    out: Annotated[Path | None, typer.Option("--out", help="File to write; else report.FORMAT in the folder.")] = None,
    against: Annotated[Path | None, typer.Option("--against", help="An earlier run folder to compare with.")] = None,
    json_: JsonFlag = False,
) -> None:
    """Render the report of a run again, from what lies in its folder; the path is printed."""
    from campaign.report import render
    from campaign.runfolder import existing

    folder = existing(run)
    path = render(folder, format_, out, existing(against) if against else None)
    if json_:
        print_json({"run": folder.id, "report": str(path)})
    else:
        typer.echo(str(path))
