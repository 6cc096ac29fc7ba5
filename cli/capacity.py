"""``tenfold capacity``: the highest multiplier at which a detector still meets its targets."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import ConfigFlag, JsonFlag, note, print_json, stdout_console
from cli.run import carrier

if TYPE_CHECKING:
    from rich.table import Table

    from campaign.capacity import Request
    from campaign.figures import Figures

_FAILED, _LACKING = 1, 3


def command(  # noqa: PLR0917 - each parameter is a flag that a user types
    scenario: Annotated[str, typer.Argument(help="A scenario by name (see `tenfold scenarios`), or a .toml file.")],
    least: Annotated[float, typer.Option("--min", help="The lowest multiplier; below it, it is not searched.")] = 1.0,
    most: Annotated[float, typer.Option("--max", help="The highest multiplier that is tried.")] = 100.0,
    resolution: Annotated[
        float, typer.Option(help="Stop when what failed is at most this share above what held.")
    ] = 0.05,
    confirm: Annotated[int, typer.Option(help="Extra trials at the load found, all of which must hold.")] = 3,
    trial_seconds: Annotated[float, typer.Option(help="Seconds of a trial that count.")] = 20.0,
    warm_up: Annotated[float, typer.Option(help="Seconds before them that do not.")] = 5.0,
    p99_ms: Annotated[float | None, typer.Option(help="Latency p99 in ms that must hold.")] = None,
    recall: Annotated[float | None, typer.Option(help="Share of attempts that must be detected.")] = None,
    loss: Annotated[float | None, typer.Option(help="Share of frames that may be lost.")] = None,
    on_time: Annotated[float | None, typer.Option(help="Share of frames that must leave within 1 ms of plan.")] = None,
    targets: Annotated[Path | None, typer.Option(help="Targets file of `tenfold check`.")] = None,
    transport: Annotated[str, typer.Option(help="stream, or wire (root, Linux).")] = "stream",
    wire: Annotated[bool, typer.Option("--wire", help="The same as --transport wire.")] = False,
    mix: Annotated[str | None, typer.Option(help="Attack families and weights: syn_flood=3,port_scan=1")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed plans the same frames.")] = None,
    sites: Annotated[int | None, typer.Option(help="How many sites are attacked and visited.")] = None,
    model: Annotated[Path | None, typer.Option(help="A model file other than the one that ships.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the search; one that was broken off goes on.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the tables of every trial, not only its report.")] = False,
    config: ConfigFlag = None,
    json_: JsonFlag = False,
) -> None:
    """Search for the highest multiplier that a detector holds, in the manner of RFC 2544, and report it.

    Exit code 1 where not even the least is held, 3 where the generator cannot make it.
    """
    from campaign.capacity import Request
    from campaign.capacity_search import Bounds
    from campaign.capacity_targets import limits
    from campaign.scenario import Overrides, load, parse_mix
    from contract.errors import InputError

    if transport not in ("stream", "wire"):
        raise InputError(f"--transport {transport}: stream or wire")
    wire = wire or transport == "wire"
    chosen = load(scenario)
    overrides = Overrides(seed=seed, sites=sites, mix=parse_mix(mix))
    request = Request(
        scenario=overrides.apply(chosen),
        overrides=overrides,
        transport="wire" if wire else "stream",
        limits=limits(chosen, targets).changed(p99_ms=p99_ms, recall=recall, loss=loss, within_1ms=on_time),
        bounds=Bounds(least, most, resolution, confirm),
        trial_s=trial_seconds,
        warm_up_s=warm_up,
        model=model,
        config=config,
        keep=keep,
    )
    request.check()
    folder = (out or Path("runs") / f"capacity-{scenario_name(scenario)}-{datetime.now(UTC):%Y%m%d-%H%M%S}").absolute()
    _finish(_searched(request, folder, wire=wire), folder, json_=json_)


def _finish(document: dict[str, Any], folder: Path, *, json_: bool) -> None:
    """Write and show what was found; exits with a code where nothing was held."""
    from campaign.capacity_report import write

    report = write(document, folder / "capacity.html")
    if json_:
        print_json(document)
    else:
        _show(document, folder, report)
    found = document["result"]
    if not found["multiplier"]:
        raise typer.Exit(_LACKING if found["bound"] == "generator" else _FAILED)


def scenario_name(given: str) -> str:
    """What a folder is called after: the scenario's name, also of a file."""
    return Path(given).stem


def _searched(request: Request, folder: Path, *, wire: bool) -> dict[str, Any]:
    """Make the search; where it is broken off, what there is gets its page as well."""
    from campaign.capacity import Capacity, load_trials
    from campaign.capacity_report import write

    kind, place = carrier(wire=wire)
    with place:
        search = Capacity(request, folder, note, _Phases(), kind)
        try:
            return search.run()
        except KeyboardInterrupt:
            note(f"broken off; the same command with --out {folder} goes on")
            write(load_trials(folder), folder / "capacity.html")
            raise


class _Phases:
    """Tells how far a trial is, once a phase."""

    def __init__(self) -> None:
        self._phase = ""

    def __call__(self, figures: Figures) -> None:
        if figures.phase != self._phase:
            self._phase = figures.phase
            note(f"  {figures.phase}")


def _show(document: dict[str, Any], folder: Path, report: Path) -> None:
    console = stdout_console()
    found = document["result"]
    console.print(_trials(document["trials"]))
    console.print(found["headline"], soft_wrap=True, highlight=False, style="bold")
    if found["confirmed"]:
        console.print(f"confirmed   {found['confirmed']} times, worst p99 {found['worst_p99_ms']:,.1f} ms")
        kpi, latency = found["kpi"], found["latency_ms"]
        console.print(
            f"throughput  {kpi['inspected_bit_per_s'] / 1e6:,.1f} Mbit/s inspected, "
            f"{kpi['frames_per_s']:,.0f} frames/s, "
            f"{kpi['flows_per_s']:,.0f} new flows/s, {kpi['concurrent_flows']:,} flows at a time",
            soft_wrap=True,
        )
        console.print(
            f"latency     min {latency['min']:,.1f} ms, mean {latency['mean']:,.1f} ms, max {latency['max']:,.1f} ms"
        )
    console.print(f"folder      {folder}", soft_wrap=True)
    console.print(f"report      {report}", soft_wrap=True)


def _trials(trials: list[dict[str, Any]]) -> Table:
    from rich.table import Table

    table = Table(title="trials", title_justify="left")
    for name in ("trial", "multiplier", "sent/s", "p50", "p99", "recall", "lost"):
        table.add_column(name, justify="right")
    table.add_column("outcome")
    for trial in trials:
        latency, share = trial["latency_ms"], trial["recall"]
        colour = {"held": "green", "failed": "red"}.get(trial["outcome"], "yellow")
        table.add_row(
            f"{trial['number']}",
            f"{trial['multiplier']:g}x",
            f"{trial['sent_per_s']:,.0f}",
            *("-" if latency[k] is None else f"{latency[k]:,.0f} ms" for k in ("p50", "p99")),
            "-" if share is None else f"{100 * share:.1f} %",
            f"{trial['loss']['frames']:,}",
            f"[{colour}]{trial['outcome']}[/] {trial['phase'] if trial['phase'] == 'confirm' else ''}",
        )
    return table
