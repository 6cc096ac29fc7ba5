"""``tenfold check``: the gate of a CI job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.output import JsonFlag, note, print_json, stdout_console
from contract.errors import InputError
from contract.files import write_new

if TYPE_CHECKING:
    from campaign.gate.whole import Outcome

_DEFAULT: Final = Path("tenfold-check.toml")
_INIT: Final = "init"


def command(  # noqa: PLR0917 - each parameter is a flag that a user types
    subject: Annotated[
        str,
        typer.Argument(help="A run folder or scorecard to judge, `init` to write the targets; else this build."),
    ] = "",
    file: Annotated[Path, typer.Argument(help="With init: the file to write.")] = _DEFAULT,
    targets: Annotated[
        Path | None, typer.Option("--targets", help="File of targets; else tenfold-check.toml, else those that ship.")
    ] = None,
    base: Annotated[str | None, typer.Option("--base", help="Revision to compare with, in interleaved pairs.")] = None,
    base_path: Annotated[Path | None, typer.Option("--base-path", help="The same with the build in a folder.")] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="quality, slo or regression (repeatable).")] = None,
    captures: Annotated[
        list[Path] | None, typer.Option("--captures", help="Judge detection on these captures or folders, too.")
    ] = None,
    baseline: Annotated[Path | None, typer.Option("--baseline", help="Compare with this baseline file.")] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Write the baseline file instead of comparing with it.")
    ] = False,
    history: Annotated[
        Path | None, typer.Option("--history", help="Past figures of this machine; OUT/history.jsonl if not given.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for junit.xml, summary.md, check.json, runs.")] = Path(
        "check"
    ),
    json_: JsonFlag = False,
) -> None:
    """Fail a build that misses its targets (exit 1) or is slower than a base (exit 99); 3: could not be judged."""
    if subject == _INIT:
        _init(file, json_=json_)
        return
    if file != _DEFAULT:
        raise InputError(f"{file}: what is it for? a second name goes with init alone")
    from campaign.gate.targets import read

    judged_by = read(targets or (_DEFAULT if _DEFAULT.is_file() else None))
    measuring = {"--base": base, "--base-path": base_path, "--only": only, "--captures": captures}
    if subject:
        _refuse(measuring, subject)
        from campaign.gate.existing import judge_existing

        outcome = judge_existing(Path(subject), judged_by, out, baseline, update=update_baseline)
    else:
        from campaign.gate.whole import Request, check

        parts, others, kept = tuple(only or ()), tuple(captures or ()), history or out / "history.jsonl"
        outcome = check(Request(judged_by, out, parts, base, base_path, others, baseline, update_baseline, kept), note)
    if update_baseline:
        note(f"baseline written: {baseline}")
    if json_:
        print_json(outcome.document)
    else:
        _show(outcome, out)
    raise typer.Exit(outcome.code)


def _refuse(measuring: Mapping[str, object], subject: str) -> None:
    """Options that measure this build say nothing of a run that is there."""
    given = [name for name, value in measuring.items() if value]
    if given:
        raise InputError(f"{given[0]} measures this build, and {subject} was measured already; leave one out")


def _init(path: Path, *, json_: bool) -> None:
    from campaign.gate.targets import default_text

    write_new(path, default_text())
    if json_:
        print_json({"path": str(path)})
    else:
        typer.echo(str(path))


_COLOURS: Final = {"passed": "green", "broken": "red", "regressed": "red", "invalid": "yellow", "told": "dim"}


def _show(outcome: Outcome, out: Path) -> None:
    from rich.markup import escape
    from rich.table import Table

    from campaign.gate.findings import by_gate

    console = stdout_console()
    for gate, rows in by_gate(outcome.findings).items():
        table = Table(title=gate, title_justify="left", show_header=False)
        for row in rows:
            state = f"[{_COLOURS[row.state]}]{row.state}[/]"
            table.add_row(state, *(escape(text) for text in (row.name, row.got, row.wanted, row.detail)))
        console.print(table)
    words = {
        0: "[green]passed[/]",
        1: "[red]a target is broken[/]",
        3: "[yellow]not judged[/]",
        99: "[red]regressed[/]",
    }
    console.print(
        f"{words[outcome.code]} (exit code {outcome.code}); JUnit, Markdown and JSON in {out}", highlight=False
    )
