"""``tenfold run``: a whole campaign, with live progress, ending with a scorecard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import ConfigFlag, JsonFlag, KeysFlag, key_file, note, print_json, stdout_console
from contract.errors import InputError

if TYPE_CHECKING:
    from campaign.runner import Campaign, Outcome
    from campaign.scenario import Scenario

_FAILED, _INTERRUPTED = 1, 130


def command(  # noqa: PLR0917 - each parameter is a flag that a user types
    scenario: Annotated[str, typer.Argument(help="A scenario by name (see `tenfold scenarios`), or a .toml file.")],
    multiplier: Annotated[float | None, typer.Option(help="Hold this multiple of 815 attempts/s throughout.")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds; the scenario's curves are stretched to it.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed plans the same frames.")] = None,
    sites: Annotated[int | None, typer.Option(help="How many sites are attacked and visited.")] = None,
    mix: Annotated[str | None, typer.Option(help="Attack families and weights: syn_flood=3,port_scan=1")] = None,
    zone: Annotated[str | None, typer.Option(help="Only what is aimed at this zone, at its part of the rates.")] = None,
    arrivals: Annotated[str | None, typer.Option(help="constant, poisson, mmpp or pareto_on_off.")] = None,
    runs: Annotated[Path, typer.Option(help="Folder of run folders.")] = Path("runs"),
    run_id: Annotated[str | None, typer.Option("--id", help="Name of the run folder.")] = None,
    model: Annotated[Path | None, typer.Option(help="A model file other than the one that ships.")] = None,
    port: Annotated[int, typer.Option(help="Port of the API and live page, on loopback.")] = 8150,
    wire: Annotated[bool, typer.Option("--wire", help="Send real frames through the lab (root, Linux).")] = False,
    detector: Annotated[
        str | None, typer.Option("--detector", help="Another one: suricata, zeek, snort, ..., or a FILE.toml of it.")
    ] = None,
    alerts: Annotated[
        list[str] | None, typer.Option("--alerts", help="With --detector: file, folder, unix:PATH or unix-dgram:PATH.")
    ] = None,
    interface: Annotated[
        str, typer.Option("--interface", help="With --detector: send on it, if the lab file allows it.")
    ] = "",
    receiver: Annotated[
        str, typer.Option("--receiver", help="With --interface: [NETNS/]IFACE where it arrives, for the certificate.")
    ] = "",
    lab_file: Annotated[Path | None, typer.Option("--lab-file", help="That file, if not the usual one.")] = None,
    pcap: Annotated[
        bool, typer.Option("--pcap", help="With --detector: write a file for its command to read.")
    ] = False,
    engine: Annotated[str, typer.Option(help="local (one machine), or ray: shards as Ray actors.")] = "local",
    address: Annotated[
        str | None, typer.Option(help="With --engine ray: the address of a Ray cluster that runs.")
    ] = None,
    generators: Annotated[int, typer.Option(help="With --engine ray: generator shards.")] = 1,
    detectors: Annotated[int, typer.Option(help="With --engine ray: detector shards.")] = 2,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the API and live page meanwhile.")] = True,
    keys: KeysFlag = None,
    config: ConfigFlag = None,
    json_: JsonFlag = False,
) -> None:
    """Run a scenario against the built-in detector, or another: attacks are sent, detected, judged and reported."""
    from campaign.progress import Progress
    from campaign.scenario import Overrides, load, parse_mix

    chosen = load(scenario)
    overrides = Overrides(multiplier, duration, seed, sites, parse_mix(mix), zone, arrivals)
    changed = overrides.apply(chosen)
    from campaign.runner import Options, run  # seconds of imports that a typing mistake need not wait for

    progress = Progress(changed.title, changed.duration_s)
    options = Options(runs=runs, run_id=run_id, serve=serve, port=port, model=model, config=config, keys=key_file(keys))
    kind: Callable[..., Campaign]
    place: AbstractContextManager[None] = nullcontext()
    frames = {"wire": wire, "interface": interface, "lab_file": lab_file, "pcap": pcap, "receiver": receiver}
    if engine != "local" or address:
        if detector or alerts or any(frames.values()):
            raise InputError("--engine ray is of our own detector: no --wire, no --detector")
        kind = over(engine, generators, detectors, address)
    else:
        kind, place = _under_test(chosen, detector, alerts or [], frames)
    with place, progress.shown():
        outcome = run(chosen, options, overrides, progress, progress.address, kind)
    finish(outcome, json_=json_)


def _under_test(
    chosen: Scenario, detector: str | None, alerts: list[str], frames: dict[str, Any]
) -> tuple[Callable[..., Campaign], AbstractContextManager[None]]:
    """The campaign of our own detector, or of another; ``frames`` says how these get there."""
    if detector is not None:
        from campaign.foreign_run import carried

        return carried(chosen, detector, alerts, **frames)
    if alerts or frames["interface"] or frames["receiver"] or frames["pcap"]:
        raise InputError("--alerts, --interface, --receiver and --pcap go with --detector")
    return carrier(wire=frames["wire"])


def finish(outcome: Outcome, *, json_: bool) -> None:
    """Say how a campaign went; exits with the code that says whether it passed."""
    if json_:
        print_json(outcome.card)
    else:
        _show(outcome)
    if outcome.passed is None:
        note(f"interrupted; judged as far as it went: {outcome.folder.path}")
        raise typer.Exit(_INTERRUPTED)
    if not outcome.passed:
        raise typer.Exit(_FAILED)


def carrier(*, wire: bool) -> tuple[type[Campaign], AbstractContextManager[None]]:
    """How frames get from the generator to the detector, and what must be there meanwhile."""
    if wire:
        from campaign.wire_run import WireCampaign, lab

        return WireCampaign, lab()
    from campaign.runner import Campaign

    return Campaign, nullcontext()


def over(engine: str, generators: int, detectors: int, address: str | None) -> Callable[..., Campaign]:
    """The campaign of an engine that spreads shards over processes and machines."""
    if engine != "ray":
        raise InputError(
            f"--engine {engine}: there is local, and ray" + (" (--address goes with it)" if address else "")
        )
    from campaign.ray_run import OverRay

    return OverRay(generators, detectors, address)


def _show(outcome: Outcome) -> None:
    """The scorecard for people."""
    from campaign.progress import milliseconds
    from campaign.report import certificate_lines, number, percent

    console = stdout_console()
    card, run = outcome.card, outcome.card["run"]
    console.print(_families(card))
    attempts = card.get("attempts") or {"total": 0, "detected": 0, "recall": None}
    latency, false_alarms = card["latency_ms"], card["false_alarms"]
    console.print(
        f"attempts    {number(run['sent_attempts'])} sent of {number(run['planned_attempts'])} planned, "
        f"{percent(attempts['recall'])} detected"
    )
    console.print(
        f"latency     p50 {milliseconds(latency['p50'])}, p99 {milliseconds(latency['p99'])}, "
        f"max {milliseconds(latency['max'])} from the intended time",
        soft_wrap=True,
    )
    console.print(
        f"false       {percent(false_alarms['rate'])} of {number(false_alarms['benign_flows'])} ordinary flows, "
        f"{false_alarms['alerts']} of {card['alerts']['total']} alerts",
        soft_wrap=True,
    )
    on_time = percent(run["within_1ms"])
    ledger = "balanced to the frame" if card["ledger"]["balanced"] else "does NOT balance"
    console.print(
        f"frames      {number(run['sent_frames'])} sent, {on_time} within 1 ms of plan; ledger {ledger}", soft_wrap=True
    )
    if certificate := card.get("certificate"):
        for text in certificate_lines(certificate):
            console.print(text, soft_wrap=True, highlight=False)
    for target in run["targets"]:
        word = "[green]met[/]" if target["met"] else "[red]missed[/]"
        console.print(f"target      {target['name']}: {target['got']} ({target['wanted']}), {word}", soft_wrap=True)
    for reason in run["reasons"]:
        console.print(f"[red]not valid[/]   {reason}", highlight=False, soft_wrap=True)
    console.print(f"run folder  {outcome.folder.path}", soft_wrap=True)
    console.print(f"report      {outcome.folder.report}", soft_wrap=True)


def _families(card: dict[str, Any]) -> Any:  # noqa: ANN401 - a rich table, which is imported late
    from rich.table import Table

    from campaign.progress import milliseconds
    from campaign.report import number, percent

    run = card["run"]
    judged = "PASSED" if run["passed"] else ("FAILED" if run["valid"] else "NOT VALID")
    word = "interrupted" if run["passed"] is None else judged
    table = Table(title=f"{run['title']}: {word}", title_justify="left")
    table.add_column("family", no_wrap=True, min_width=24)
    for name in ("attempts", "detected", "right family", "p50", "p99"):
        table.add_column(name, justify="right")
    for name, row in card["families"].items():
        total, found = row.get("attempts", row["flows"]), row.get("attempts_detected", row["detected"])
        latency = row.get("latency_ms") or {}
        table.add_row(
            name,
            number(total),
            percent(found / total if total else None),
            percent(row["right_family"] / row["flows"] if row["flows"] else None),
            milliseconds(latency.get("p50")),
            milliseconds(latency.get("p99")),
        )
    return table
