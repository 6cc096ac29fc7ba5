"""``tenfold report``: the HTML report of a run folder, made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonFlag, print_json


def command(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    json_: JsonFlag = False,
) -> None:
    """Render the report of a run again, from what lies in its folder."""
    from campaign.report import render
    from campaign.runfolder import existing

    path = render(existing(run))
    if json_:
        print_json({"run": path.parent.name, "report": str(path)})
    else:
        typer.echo(str(path))
