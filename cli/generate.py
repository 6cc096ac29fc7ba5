"""``tenfold generate``: a scenario's frames and their truth as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import JsonFlag, note, print_json
from contract.errors import InputError

if TYPE_CHECKING:
    from campaign.scenario import Overrides
    from generator.workload import Workload


def command(  # noqa: PLR0917 - the options of a command
    out: Annotated[Path, typer.Option("--out", "-o", help="FILE.pcap, FILE.pcapng or FILE.arrow.")],
    scenario: Annotated[str, typer.Argument(help="Name or file of a scenario, or a run's workload.json.")] = "",
    run: Annotated[
        Path | None, typer.Option("--from", help="Folder of a run: exactly the frames that it sent.")
    ] = None,
    family: Annotated[list[str] | None, typer.Option(help="Only this family (repeatable), at --rate.")] = None,
    rate: Annotated[float, typer.Option(help="Conversations a second of each --family.")] = 100.0,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same bytes.")] = None,
    start: Annotated[str, typer.Option(help="When second 0 is, in ISO 8601.")] = "",
    duration: Annotated[float | None, typer.Option(help="Seconds (default: the scenario's, or 10).")] = None,
    multiplier: Annotated[float | None, typer.Option(help="Attempts a second as a multiple of 815.")] = None,
    sites: Annotated[int | None, typer.Option(help="How many sites are attacked and visited.")] = None,
    mix: Annotated[str | None, typer.Option(help="Attack families and weights: syn_flood=3,port_scan=1")] = None,
    zone: Annotated[str | None, typer.Option(help="Only what is aimed at this zone of the scenario.")] = None,
    arrivals: Annotated[str | None, typer.Option(help="constant, poisson, mmpp or pareto_on_off.")] = None,
    json_: JsonFlag = False,
) -> None:
    """Write the frames of a scenario, FILE.truth.json and FILE.truth.parquet; the same seed gives the same bytes."""
    if (bool(scenario), bool(family), run is not None).count(True) != 1:
        raise InputError("name a scenario, or at least one --family, or a run with --from: one of the three")
    from campaign.scenario import Overrides, parse_mix

    changes = Overrides(multiplier, duration, seed, sites, parse_mix(mix), zone, arrivals)
    if run is not None:
        if start or changes.as_dict():
            raise InputError(f"--from {run}: a run's frames are made again as they were; leave out all other options")
        _again(run, out, json_=json_)
        return
    from generator.delivery import write_workload

    summary = write_workload(_workload(scenario, family or [], rate, changes, start), out)
    if json_:
        print_json(summary)
        return
    note(
        f"{summary['frames']:,} frames ({summary['bytes']:,} bytes) of {summary['attempts']:,} attempts and "
        f"{summary['conversations']:,} ordinary conversations in {out}; truth in {summary['truth']}"
    )


def _again(run: Path, out: Path, *, json_: bool) -> None:
    from campaign.again import make_again
    from campaign.runfolder import existing

    summary = make_again(existing(run), out)
    if json_:
        print_json(summary)
        return
    note(
        f"{summary['frames']:,} frames ({summary['bytes']:,} bytes) in {out}; truth in {summary['truth'] or 'no file'}"
    )
    if summary["same"]:
        note(f"they are those that left in {summary['run']}: SHA-256 {summary['sha256']}")
    else:
        note(f"{summary['run']} kept no fingerprint of what left: this is what it had planned")


def _workload(scenario: str, families: list[str], rate: float, changes: Overrides, start: str) -> Workload:
    """What is to be made, from whatever the user named."""
    if families:
        return _of_families(families, rate, changes, _start(start))
    if scenario.endswith(".json"):
        from generator.workload import Workload

        if start or changes.as_dict():
            raise InputError(f"{scenario}: a run's workload is made again as it was; leave out all other options")
        return Workload.read(Path(scenario))
    from campaign.scenario import load

    return changes.apply(load(scenario)).workload(_start(start))


def moment_ns(text: str, option: str = "--start") -> int | None:
    """What an option says, in epoch ns; without a zone it is UTC. ``None`` where it says nothing."""
    from datetime import UTC, datetime, timedelta

    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option} {text!r} is no ISO 8601 time") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _start(text: str) -> int:
    from generator.workload import DEFAULT_START_NS

    given = moment_ns(text)
    return DEFAULT_START_NS if given is None else given


def _of_families(names: list[str], rate: float, changes: Overrides, start_ns: int) -> Workload:
    from contract.families import catalogue
    from generator.registry import names as made
    from generator.workload import TOKYO_RATE, Share, Workload

    for name in names:
        if name not in made():
            raise InputError(f"the generator makes no family {name!r}; it makes {', '.join(made())}")
    attacks = tuple(Share(name) for name in names if catalogue()[name].attack)
    benign = tuple(Share(name) for name in names if not catalogue()[name].attack)
    for option, value in (("--mix", changes.mix), ("--zone", changes.zone)):
        if value is not None:
            raise InputError(f"{option} is of scenarios; with --family there is --rate")
    multiplier = changes.multiplier
    if multiplier is not None and not attacks:
        raise InputError("--multiplier is of attempts, and none of these families is an attack; --rate is of each")
    attempts = rate * len(attacks) if multiplier is None else TOKYO_RATE * multiplier
    return Workload(
        seed=1 if changes.seed is None else changes.seed,
        start_ns=start_ns,
        duration_s=10.0 if changes.duration_s is None else changes.duration_s,
        sites=120 if changes.sites is None else changes.sites,
        arrivals=changes.arrivals or "poisson",
        curve=((0.0, attempts),),
        attacks=attacks,
        benign=benign,
        benign_curve=((0.0, rate * len(benign)),),
    )
