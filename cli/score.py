"""``tenfold score``: detect attacks in captures and judge that against their truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import ConfigFlag, JsonFlag, ProcessesFlag, ShardsFlag, TunnelsFlag, note, print_json, stdout_console

if TYPE_CHECKING:
    from rich.table import Table


def command(  # noqa: PLR0917 - each parameter is a flag that a user types
    captures: Annotated[
        list[Path], typer.Argument(help="Captures, or folders of captures with truth files beside them.")
    ],
    truth: Annotated[
        Path | None,
        typer.Option("--truth", help="Truth file of the one capture; CAPTURE.truth.json beside it if not given."),
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="A model file other than the one that ships.")] = None,
    tunnels: TunnelsFlag = "",
    config: ConfigFlag = None,
    shards: ShardsFlag = None,
    processes: ProcessesFlag = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write charts and tables as one HTML file that opens offline.")
    ] = None,
    json_: JsonFlag = False,
) -> None:
    """Detect attacks in captures and judge the answer: what was found, how soon, what was a false alarm.

    Exit code 1 where a ledger does not balance.
    """
    from campaign.judge import captures_of, judge_capture
    from campaign.scorecard import totals
    from contract.errors import InputError
    from detector.config_file import chosen
    from detector.model import load, load_default

    files = captures_of(captures)
    if truth and len(files) != 1:
        raise InputError("--truth goes with one capture; several find theirs beside them")
    settings = chosen(config, tunnels=tunnels, shards=shards, processes=processes)
    judge = load(model) if model else load_default()
    cards = []
    for number, capture in enumerate(files, 1):
        if len(files) > 1:
            note(f"{number}/{len(files)} {capture.name}")
        card = judge_capture(capture, truth, judge, settings)
        for line in card["notes"]:
            note(line)
        cards.append(card)
    single = len(files) == 1 and not captures[0].is_dir()
    total = totals(cards)
    if report:
        from campaign.score_report import write

        note(f"report in {write(cards, total, report)}")
    if json_:
        print_json(cards[0] if single else {"captures": cards, "totals": total})
    elif single:
        _show_one(cards[0])
    else:
        _show_many(cards, total)
    if not total["balanced"]:
        raise typer.Exit(1)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _show_one(card: dict[str, Any]) -> None:
    from rich.table import Table

    console = stdout_console()
    size, false, alerts = card["capture"], card["false_alarms"], card["alerts"]
    console.print(f"{size['frames']:,} frames, {size['flows']:,} flows, {size['seconds']:.1f} s of traffic")
    families = Table("family", "flows", "detected", "recall", "right group", "right family", title="flows of attacks")
    for name, row in card["families"].items():
        cells = (row[k] for k in ("flows", "detected"))
        right = (row[k] for k in ("right_group", "right_family"))
        families.add_row(name, *(f"{n:,}" for n in cells), _percent(row["recall"]), *(f"{n:,}" for n in right))
    console.print(families)
    console.print(_entry_table([(card["name"], card)]))
    console.print(f"alerts: {alerts['total']}, of them {alerts['true']} true and {alerts['false']} false")
    console.print(
        f"false alarms: {false['flagged']:,} of {false['benign_flows']:,} benign flows ({100 * false['rate']:.2f} %)"
    )
    latency = card["latency_ms"]
    if latency["count"]:
        console.print(f"a tick took {latency['p50']} ms (p50), {latency['p99']} ms (p99), {latency['max']} ms at most")
    console.print(f"network: {card['drift']['text']}", highlight=False)
    for respect in card["drift"].get("differs", ()):
        console.print(f"  {respect}", highlight=False)
    ledger = card["ledger"]
    console.print("ledger: balanced" if ledger["balanced"] else f"ledger: {'; '.join(ledger['faults'])}")


def _entry_table(cards: list[tuple[str, dict[str, Any]]]) -> Table:
    from rich.table import Table

    table = Table()
    for name in ("capture", "true family"):
        table.add_column(name, min_width=16, overflow="fold")
    for name in ("alert", "group", "family", "after", "flows found", "false alerts", "flagged"):
        table.add_column(name)
    for name, card in cards:
        false = card["false_alarms"]
        rest = (
            str(card["alerts"]["false"] or ""),
            f"{false['flagged']}/{false['benign_flows']}" if false["flagged"] else "",
        )
        if not card["entries"]:
            table.add_row(name, "benign", "", "", "", "", "", *rest)
        for entry in card["entries"]:
            ticks = (("yes" if entry[k] else "[red]no[/red]") for k in ("detected", "right_group", "right_family"))
            after = "" if entry["time_to_detect_s"] is None else _after(entry)
            found = f"{entry['flows_detected']}/{entry['flows']}"
            shown = name if entry is card["entries"][0] else ""
            table.add_row(shown, entry["family"], *ticks, after, found, *rest)
            rest = ("", "")
    return table


def _after(entry: dict[str, Any]) -> str:
    flows = entry["flows_to_detect"]
    return f"{entry['time_to_detect_s']:.2f} s, {flows} flow{'' if flows == 1 else 's'}"


def _show_many(cards: list[dict[str, Any]], total: dict[str, Any]) -> None:
    from rich.table import Table

    console = stdout_console()
    console.print(_entry_table([(card["name"], card) for card in cards]))
    groups = Table("group", "entries", "found", "right group", "right family", "flows", "flow recall", title="totals")
    for name in sorted({*total["groups"], *total["entries"]["by_group"]}):
        entry = total["entries"]["by_group"].get(
            name, dict.fromkeys(("total", "detected", "right_group", "right_family"), 0)
        )
        row = total["groups"].get(name, {"flows": 0, "recall": None})
        counts = (str(entry[k]) for k in ("total", "detected", "right_group", "right_family"))
        groups.add_row(name, *counts, f"{row['flows']:,}", _percent(row["recall"]))
    console.print(groups)
    entries, false = total["entries"], total["false_alarms"]
    console.print(
        f"entries found: {entries['detected']} of {entries['total']}, right group {entries['right_group']},"
        f" right family {entries['right_family']}"
    )
    console.print(
        f"false alarms: {false['alerts']} alerts; {false['flagged']:,} of {false['benign_flows']:,} benign flows"
        f" ({100 * false['rate']:.3f} %); {false['benign_captures_with_alerts']} of {false['benign_captures']} captures"
        " without an attack raised any"
    )
    unlike = [name for name, state in total["drift"]["captures"].items() if state == "unlike"]
    compared = sum(state in ("usual", "unlike") for state in total["drift"]["captures"].values())
    if compared:
        console.print(f"networks unlike those in training: {len(unlike)} of {compared} that have traffic enough to say")
    console.print(f"ledgers: {'balanced' if total['balanced'] else 'NOT balanced'}")
