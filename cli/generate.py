"""``tenfold generate``: a scenario's frames and their truth as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import JsonFlag, note, print_json
from contract.errors import InputError

if TYPE_CHECKING:
    from generator.plan import Plan
    from generator.workload import Workload


def command(  # noqa: PLR0917 - the options of a command
    out: Annotated[Path, typer.Option("--out", "-o", help="FILE.pcap, FILE.pcapng or FILE.arrow.")],
    scenario: Annotated[str, typer.Argument(help="Name or file of a scenario; or use --family.")] = "",
    family: Annotated[list[str] | None, typer.Option(help="Only this family (repeatable), at --rate.")] = None,
    rate: Annotated[float, typer.Option(help="Conversations a second of each --family.")] = 100.0,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same bytes.")] = None,
    start: Annotated[str, typer.Option(help="When second 0 is, in ISO 8601.")] = "",
    duration: Annotated[float | None, typer.Option(help="Seconds (default: the scenario's, or 10).")] = None,
    multiplier: Annotated[float | None, typer.Option(help="Attempts a second as a multiple of 815.")] = None,
    json_: JsonFlag = False,
) -> None:
    """Write the frames of a scenario, FILE.truth.json and FILE.truth.parquet; the same seed gives the same bytes."""
    if bool(scenario) == bool(family):
        raise InputError("name a scenario or at least one --family, not both")
    from generator.plan import make_plan

    start_ns = _start(start)
    if family:
        workload = _of_families(family, rate, seed=seed, start_ns=start_ns, duration=duration, multiplier=multiplier)
    else:
        from campaign.scenario import Overrides, load

        changes = Overrides(multiplier=multiplier, duration_s=duration, seed=seed)
        workload = changes.apply(load(scenario)).workload(start_ns)
    plan = make_plan(workload)
    summary = _write(plan, out)
    if json_:
        print_json(summary)
        return
    note(
        f"{summary['frames']:,} frames ({summary['bytes']:,} bytes) of {summary['attempts']:,} attempts and "
        f"{summary['conversations']:,} ordinary conversations in {out}; truth in {summary['truth']}"
    )


def _start(text: str) -> int:
    from datetime import UTC, datetime

    from generator.workload import DEFAULT_START_NS

    if not text:
        return DEFAULT_START_NS
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--start {text!r} is no ISO 8601 time") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000


def _of_families(
    names: list[str], rate: float, *, seed: int | None, start_ns: int, duration: float | None, multiplier: float | None
) -> Workload:
    from contract.families import catalogue
    from generator.registry import names as made
    from generator.workload import TOKYO_RATE, Share, Workload

    for name in names:
        if name not in made():
            raise InputError(f"the generator makes no family {name!r}; it makes {', '.join(made())}")
    attacks = tuple(Share(name) for name in names if catalogue()[name].attack)
    benign = tuple(Share(name) for name in names if not catalogue()[name].attack)
    if multiplier is not None and not attacks:
        raise InputError("--multiplier is of attempts, and none of these families is an attack; --rate is of each")
    attempts = rate * len(attacks) if multiplier is None else TOKYO_RATE * multiplier
    return Workload(
        seed=1 if seed is None else seed,
        start_ns=start_ns,
        duration_s=10.0 if duration is None else duration,
        curve=((0.0, attempts),),
        attacks=attacks,
        benign=benign,
        benign_curve=((0.0, rate * len(benign)),),
    )


def _write(plan: Plan, out: Path) -> dict[str, Any]:
    from generator.sinks import open_sink
    from generator.traffic import chunks
    from generator.truth_file import TruthFile, refuse_folder, write_json

    sink = open_sink(out)
    truth_json, truth_parquet = out.with_name(out.name + ".truth.json"), out.with_name(out.name + ".truth.parquet")
    rows: TruthFile | None = None
    frames = size = 0
    try:
        refuse_folder(truth_json)
        rows = TruthFile(truth_parquet)
        for chunk in chunks(plan):
            sink.write(chunk.frames)
            rows.write(chunk.truth)
            frames += len(chunk.frames)
            size += int(chunk.frames.column("wire_len").to_numpy().sum())
        write_json(plan, truth_json, out.name)
        rows.close()
    except BaseException:
        sink.abort()
        if rows:
            rows.abort()
        raise
    sink.close()  # last: where the capture is, its truth is
    return {
        "capture": str(out),
        "truth": str(truth_json),
        "truth_table": str(truth_parquet),
        "frames": frames,
        "bytes": size,
        "attempts": plan.attempts,
        "conversations": len(plan.table.intended) - plan.attempts,
        "seconds": plan.workload.duration_s,
        "seed": plan.workload.seed,
    }
