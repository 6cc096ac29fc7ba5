"""``tenfold outputs``: deliver what a run saw to the outputs of the configuration, and say how far each is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.output import ConfigFlag, JsonFlag, note, print_json, stdout_console
from contract.errors import InputError

_UNFINISHED = 1


def command(
    run: Annotated[Path, typer.Argument(help="A run folder, or another folder with a store.")],
    config: ConfigFlag = None,
    status: Annotated[bool, typer.Option("--status", help="Deliver nothing; only say how far each output is.")] = False,
    for_: Annotated[float, typer.Option("--for", min=0, help="Try for so many seconds at most.")] = 60.0,
    json_: JsonFlag = False,
) -> None:
    """Deliver what still waits for the outputs of a run: all of it, or what an earlier follower had not delivered."""
    from campaign.outputs import configured, states
    from store.layout import DATABASE

    if not (run / DATABASE).is_file():
        raise InputError(f"{run}: holds no store")
    if not status:
        outputs = configured(config)
        if not outputs:
            raise InputError("no [[outputs]] are configured: name the file with --config")
        _deliver(run, outputs, for_)
    found = states(run)
    if json_:
        print_json({"run": run.resolve().name, "outputs": found})
    else:
        _show(found)
    if not status and any(one["counts"]["waiting"] for one in found):
        note("some still wait; the same command goes on with them")
        raise typer.Exit(_UNFINISHED)


def _deliver(run: Path, outputs: list[dict[str, Any]], seconds: float) -> None:
    import threading
    from dataclasses import asdict

    from campaign.export import origin_of
    from campaign.outputs import FOLDER
    from store.outputs.base import Following, Target
    from store.outputs.service import follow

    stop = threading.Event()
    stop.set()  # what is there now, and no more
    targets: list[Target | Following] = []
    document = {"origin": asdict(origin_of(run)), "outputs": outputs}
    follow(run, run / FOLDER, document, stop, targets, seconds)


def _show(found: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table("output", "state", "delivered", "retried", "dead", "left out", "waiting", "last error")
    for one in found:
        counts = one["counts"]
        numbers = (f"{counts[name]:,}" for name in ("delivered", "retried", "dead", "left_out", "waiting"))
        table.add_row(one["output"], one["state"], *numbers, one["error"])
    stdout_console().print(table)
