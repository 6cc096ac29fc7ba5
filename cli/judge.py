"""``tenfold judge``: other detectors' alerts held against a campaign's truth, one or several side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import JsonFlag, note, print_json, stdout_console

if TYPE_CHECKING:
    from rich.table import Table

    from campaign.detector_file import Detector
    from campaign.judging import Result
    from campaign.true_flows import TrueFlows

_FORMATS = "eve, zeek, snort-json, snort-fast, ocsf, csv or ndjson; told from the file if not given."


def command(  # noqa: PLR0917 - each parameter is a flag that a user types
    run: Annotated[Path, typer.Argument(help="A run folder, or a capture with its truth beside it.")],
    alerts: Annotated[
        list[Path] | None, typer.Option("--alerts", help="File of alerts, or folder of logs; once for each detector.")
    ] = None,
    format_: Annotated[list[str] | None, typer.Option("--format", help=_FORMATS)] = None,
    name: Annotated[list[str] | None, typer.Option("--name", help="What to call it; its format if not given.")] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="TOML: signatures to families, columns of csv and ndjson.")
    ] = None,
    truth: Annotated[Path | None, typer.Option("--truth", help="Truth of a capture: .truth.json or .parquet.")] = None,
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="Of stamps without an offset: Europe/Paris, +02:00, local, UTC.")
    ] = None,
    clock_offset: Annotated[
        str | None, typer.Option("--clock-offset", help="Seconds that the detector's clock is ahead, or auto.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", help="Seconds by which a stamp may miss its flow (1).", min=0)
    ] = None,
    window: Annotated[
        float | None, typer.Option("--window", help="Seconds before an alert that its scope reaches (60).", min=0)
    ] = None,
    damaged: Annotated[
        str | None, typer.Option("--damaged", help="Lines that cannot be read: refuse, or skip and count them.")
    ] = None,
    built_in: Annotated[
        bool, typer.Option("--built-in/--no-built-in", help="Compare with the run's own detector, where it had one.")
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for scorecards and report; RUN/judged if not given.")
    ] = None,
    json_: JsonFlag = False,
) -> None:
    """Judge any detector's alerts on a campaign: what it caught, how soon, what it missed, what was a false alarm.

    Exit code 1 where a detector misses a target of the run's scenario.
    """
    flags = {"time_zone": time_zone, "tolerance": tolerance, "window": window, "damaged": damaged}
    if clock_offset is not None:
        flags["clock_offset"] = clock_offset
    given = {key: value for key, value in flags.items() if value is not None}
    detectors = chosen(run if run.is_dir() else None, (alerts or [], format_ or [], name or []), mapping, given)
    passed = _judge(run, detectors, _ground(run, truth), built_in=built_in, out=out, json_=json_)
    if not passed:
        raise typer.Exit(1)


def _judge(
    run: Path, detectors: list[Detector], ground: TrueFlows, *, built_in: bool, out: Path | None, json_: bool
) -> bool:
    """Judge, write and show; whether every foreign detector reached the run's targets."""
    from campaign import judged_folder
    from campaign.judging import judge_detector
    from campaign.side_by_side import built_in as own
    from campaign.side_by_side import side_by_side
    from contract.errors import InputError

    is_run = run.is_dir()
    for line in ground.notes:
        note(line)
    results: list[Result] = [judge_detector(one, ground, _ledger(run)) for one in detectors]
    itself = own(run) if is_run and built_in else None
    if itself is not None:
        results.append(itself)
    if not results:
        raise InputError(f"{run}: nothing to judge: name a file of alerts with --alerts")
    targets = [_targets(run, result) for result in results] if is_run else []
    document = side_by_side(ground.name, ground, results)
    folder = out or (run / judged_folder.FOLDER if is_run else None)
    written = judged_folder.write(folder, document, results) if folder else {}
    if json_:
        cards = {result.name: result.card for result in results}
        print_json({"side_by_side": document, "scorecards": cards, "files": written})
    else:
        _show(document, results, written)
    return all(target["met"] for rows in targets[: len(detectors)] for target in rows)


def chosen(
    run: Path | None, given: tuple[list[Path], list[str], list[str]], mapping: Path | None, flags: dict[str, Any]
) -> list[Detector]:
    """The detectors that the options name, each checked before anything else is done. Raises ``InputError``."""
    from dataclasses import replace

    from campaign.detector_file import Detector, read_detector
    from campaign.format_guess import guess
    from campaign.judging import names_of
    from contract.errors import InputError

    paths, formats, names = given
    for what, listed in (("--format", formats), ("--name", names)):
        if listed and len(listed) not in (1, len(paths)):
            raise InputError(f"{len(listed)} times {what} for {len(paths)} times --alerts: give each its own, in order")
    base = Detector()
    if run is not None:
        base = _of_scenario(run)
    if mapping is not None:
        base = read_detector(mapping, base)
    paths = paths or list(base.alerts)
    found = []
    for at, path in enumerate(paths):
        kind = formats[at if len(formats) > 1 else 0] if formats else base.format or guess(path)
        called = names[at if len(names) > 1 else 0] if names else (base.name if len(paths) == 1 else "") or kind
        one = replace(base, name=called, format=kind, alerts=(path,), command=())
        found.append(_flagged(flags, one).check())
    return names_of(found)


def _flagged(flags: dict[str, Any], detector: Detector) -> Detector:
    """With what the flags say; what is wrong with one is told by its own name."""
    from campaign.detector_file import parse
    from contract.errors import InputError

    for key, value in flags.items():
        try:
            detector = parse({key: value}, "", detector)
        except InputError as error:
            words = str(error).removeprefix(": detector: ").removeprefix(f"{key}: ")
            raise InputError(f"--{key.replace('_', '-')}: {words}") from None
    return detector


def _of_scenario(run: Path) -> Detector:
    """What the scenario of a run says of the detector, nothing where it says nothing."""
    import tomllib

    from campaign.detector_file import Detector, parse
    from campaign.runfolder import existing

    path = existing(run).scenario
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("detector", {})
    except (OSError, ValueError):  # none, or not readable: then it says nothing of a detector
        return Detector()
    return parse(table, str(path), scenario=True)


def _ground(run: Path, truth: Path | None) -> TrueFlows:
    from campaign.true_flows import of_capture, of_run
    from contract.errors import InputError

    if run.is_dir():
        if truth is not None:
            raise InputError(f"{run}: a run has its own truth; --truth goes with a capture")
        return of_run(run)
    return of_capture(run, truth)


def _ledger(run: Path) -> dict[str, Any] | None:
    from campaign.runfolder import RunFolder, read_json

    return (read_json(RunFolder(run).ledger) or None) if run.is_dir() else None


def _targets(run: Path, result: Result) -> list[dict[str, Any]]:
    """What the run's scenario asks for, and what this detector reached; kept in its scorecard."""
    from campaign.closing import check_targets
    from campaign.runfolder import RunFolder
    from campaign.scenario_file import read
    from contract.errors import InputError

    try:
        targets = read(RunFolder(run).scenario).targets
    except InputError:  # a replay's, or of another version: nothing is asked for
        return []
    rows = check_targets(result.card, targets)
    result.card["targets"] = rows
    return rows


def _show(document: dict[str, Any], results: list[Result], written: dict[str, Any]) -> None:
    from campaign.report_page import number
    from campaign.side_by_side import summary

    console = stdout_console()
    console.print(_families(document, [result.name for result in results]))
    for result in results:
        for line in _told(result):
            console.print(line, soft_wrap=True, highlight=False)
        for note_ in result.card["notes"] if result.card.get("detector") else []:
            console.print(f"  {note_}", soft_wrap=True, highlight=False, markup=False)
    for pair in document["pairs"]:
        console.print(
            f"{pair['one']} and {pair['two']}: both {number(pair['both'])}, only {pair['one']} "
            f"{number(pair['only_one'])}, only {pair['two']} {number(pair['only_two'])}, "
            f"neither {number(pair['neither'])}",
            soft_wrap=True,
            highlight=False,
        )
    for line in summary(document):
        console.print(line, soft_wrap=True, highlight=False)
    if written:
        console.print(f"report      {written['report']}", soft_wrap=True, highlight=False)


def _families(document: dict[str, Any], names: list[str]) -> Table:
    """Of each family and detector: recall, and how long after the first attempt it was first found."""
    from rich.table import Table

    from campaign.report_page import number, percent
    from campaign.side_by_side_page import seconds

    table = Table(title=f"{document['campaign']}: {number(document['attempts'])} attempts", title_justify="left")
    table.add_column("family", no_wrap=True, min_width=24)
    table.add_column("attempts", justify="right")
    for name in names:
        table.add_column(name, justify="right")
        table.add_column("after", justify="right", no_wrap=True)
    for family, row in document["families"].items():
        found = [row["detectors"][name] for name in names]
        cells = [text for one in found for text in (percent(one["recall"]), seconds(one["time_to_detect_s"]))]
        table.add_row(family, number(row["attempts"]), *cells)
    return table


def _told(result: Result) -> Iterator[str]:
    """One detector in a few lines."""
    from rich.markup import escape

    from campaign.progress import milliseconds
    from campaign.report_page import number, percent

    card, said = result.card, result.card.get("detector", {})
    latency, alerts, false = card["latency_ms"], card["alerts"], card["false_alarms"]
    until = "written" if said.get("basis", "readable") == "written" else "readable"
    yield (
        f"{escape(result.name)}: {percent(card['attempts']['recall'])} of attempts detected; "
        f"{number(alerts['false'])} of {number(alerts['total'])} alerts false, "
        f"{percent(false['rate'])} of ordinary flows called an attack; "
        f"p50 {milliseconds(latency['p50'])}, p99 {milliseconds(latency['p99'])} until an alert was {until}"
    )
    losses = said.get("losses") or {}
    if lost := losses.get("lost"):
        yield f"  it says that it lost: {', '.join(f'{name} {number(value)}' for name, value in lost.items())}"
    elif said:
        yield "  it reports no loss" if losses.get("records") else "  it reports no counters: what it lost is not known"
    for target in card.get("targets", []) if said else []:
        word = "[green]met[/]" if target["met"] else "[red]missed[/]"
        yield f"  target {target['name']}: {target['got']} ({target['wanted']}), {word}"
