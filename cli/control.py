"""``tenfold control``: change the rate of a campaign that runs, or end it, from another terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonFlag, note, print_json


def command(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    multiplier: Annotated[float | None, typer.Option(help="Hold this multiple of 815 attempts/s from then on.")] = None,
    at: Annotated[float | None, typer.Option(help="Second of the campaign (default: as soon as can be).")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="End it in order; what was sent is judged.")] = False,
    json_: JsonFlag = False,
) -> None:
    """Change the multiplier of a running campaign, or stop it."""
    from campaign.control import ask
    from campaign.runfolder import existing, read_json

    folder = existing(run)
    ask(folder, multiplier=multiplier, at_s=at, stop=stop)
    if json_:
        print_json(read_json(folder.control))
        return
    what = [] if multiplier is None else [f"{multiplier:g}x " + ("within seconds" if at is None else f"from {at:g} s")]
    note(f"asked of {folder.id}: " + ", ".join([*what, *(["stop"] if stop else [])]))
