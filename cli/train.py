"""``tenfold train``: a model from generated worlds and your own captures with truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

import typer

from cli.output import JsonFlag, note, print_json, stderr_console, stdout_console


def command(
    captures: Annotated[
        Path | None,
        typer.Option("--captures", help="Folder of captures, each NAME.pcap(ng) with NAME.truth.json beside it."),
    ] = None,
    worlds: Annotated[int, typer.Option("--worlds", min=0, max=10_000, help="How many worlds to generate.")] = 96,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed and captures, same model.")] = 1,
    out: Annotated[Path, typer.Option("--out", help="Where the model goes; its card goes beside it.")] = Path(
        "model.skops"
    ),
    text: Annotated[Path | None, typer.Option("--text", help="Write the card as Markdown, too.")] = None,
    date: Annotated[str, typer.Option("--date", envvar="SOURCE_DATE", help="Date for the card; else today.")] = "",
    json_: JsonFlag = False,
) -> None:
    """Train the classifier; judge it on captures whose origin it never saw."""
    from datetime import UTC, datetime

    from campaign.training import Plan, train
    from detector.model import card_path

    day = date or datetime.now(UTC).date().isoformat()
    plan = Plan(out, captures, worlds, seed, date=day, markdown=text)
    with _Bar() as bar:
        report = train(plan, bar.show)
    for line in report.notes:
        note(line)
    document = {"model": str(out), "card": str(card_path(out)), "bytes": out.stat().st_size, **report.model.card}
    if json_:
        print_json(document)
    else:
        _show(document)


class _Bar:
    """Progress on stderr: a bar on a terminal, else a line a step."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description:16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=stderr_console())
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)


def _show(document: dict[str, Any]) -> None:
    from rich.table import Table

    held = document["held_out"]
    table = Table("family", "captures", "found", "right group", "right family", "baseline", title="Held-out captures")
    for family, row in held["families"].items():
        false = row.get("false_positive_rate")
        cells = [f"{false:.2%} false", "", ""] if false is not None else []
        cells = cells or [f"{row[key]:.0%}" for key in ("recall", "right_group", "right_family")]
        table.add_row(family, str(row["captures"]), *cells, "" if row["baseline"] is None else f"{row['baseline']:.0%}")
    console = stdout_console()
    console.print(table)
    console.print(f"model {document['model']} ({document['bytes'] / 1e6:.2f} MB), card {document['card']}")
