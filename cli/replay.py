"""``tenfold replay``: a capture, rewritten into the lab and put on another clock, to a file or through a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.generate import moment_ns
from cli.output import ConfigFlag, JsonFlag, note, print_json
from contract.errors import InputError

if TYPE_CHECKING:
    from campaign.replay_request import Request
    from campaign.runner import Options


_WIRE_MTU: Final = 1500


def command(  # noqa: PLR0917 - each parameter is a flag that a user types
    capture: Annotated[Path, typer.Argument(help="A pcap, pcapng or Arrow capture.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="FILE.pcap, .pcapng or .arrow; else a run.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Truth file; what lies beside the capture if not given.")] = None,
    speed: Annotated[float | None, typer.Option(help="So many times faster than the capture.")] = None,
    pps: Annotated[float | None, typer.Option(help="Frames a second.")] = None,
    multiplier: Annotated[float | None, typer.Option(help="Attempts a second as a multiple of 815.")] = None,
    loop: Annotated[int, typer.Option(help="Rounds, each with fresh addresses; 0: until --duration.")] = 1,
    duration: Annotated[float | None, typer.Option(help="Stop after so many seconds.")] = None,
    cut: Annotated[str, typer.Option(help="Frames cut by a snap length: keep, fill or drop them.")] = "fill",
    into: Annotated[str | None, typer.Option(help="Mix with this scenario, or with another capture.")] = None,
    at: Annotated[float, typer.Option(help="Begin so many seconds into that.")] = 0.0,
    onto_sites: Annotated[bool, typer.Option("--onto-sites", help="Let its sites be the capture's victims.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed deals out the same addresses.")] = 1,
    start: Annotated[str, typer.Option(help="When second 0 is, in ISO 8601 (with --out).")] = "",
    runs: Annotated[Path, typer.Option(help="Folder of run folders.")] = Path("runs"),
    run_id: Annotated[str | None, typer.Option("--id", help="Name of the run folder.")] = None,
    model: Annotated[Path | None, typer.Option(help="A model file other than the one that ships.")] = None,
    port: Annotated[int, typer.Option(help="Port of the API and live page, on loopback.")] = 8150,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the API and live page meanwhile.")] = True,
    wire: Annotated[bool, typer.Option("--wire", help="Send real frames through the lab (root, Linux).")] = False,
    config: ConfigFlag = None,
    json_: JsonFlag = False,
) -> None:
    """Replay any capture inside the lab's addresses, with its truth: to a file, or as a campaign that is judged."""
    from campaign.replay_request import Request
    from generator.replay.timing import Pace

    if wire and out is not None:
        raise InputError("--wire sends frames, --out writes them to a file: one of the two")
    if start and out is None:
        raise InputError("--start goes with --out: a campaign begins when it is ready")
    request = Request(
        str(capture),
        str(truth) if truth else None,
        Pace(speed, pps, multiplier, loop, duration),
        cut,
        seed,
        moment_ns(start),
        into,
        at,
        onto_sites,
        _WIRE_MTU if wire else None,
    )
    if out is not None:
        _write(request, out, json_=json_)
        return
    from campaign.runner import Options

    _run(
        request,
        Options(runs=runs, run_id=run_id, serve=serve, port=port, model=model, config=config),
        wire=wire,
        json_=json_,
    )


def _write(request: Request, out: Path, *, json_: bool) -> None:
    from campaign.replay_files import write

    found: dict[str, Any] = write(request, out)
    for line in found["notes"]:
        note(line)
    if json_:
        print_json(found)
        return
    note(f"{found['frames']:,} frames ({found['bytes']:,} bytes), {found['seconds']:,.3f} s, in {out}")
    note(f"{found['attempts']:,} attempts; truth in {found['truth'] or 'no file: the capture has none'}")


def _run(request: Request, options: Options, *, wire: bool, json_: bool) -> None:
    from campaign.progress import Progress
    from campaign.replay_run import prepare, replay_run
    from cli.run import carrier, finish

    prepared = prepare(request)
    for line in prepared.traffic.notes:
        note(line)
    progress = Progress(prepared.scenario.title, prepared.scenario.duration_s)
    kind, place = carrier(wire=wire)
    with place, progress.shown():
        outcome = replay_run(prepared, options, progress, progress.address, kind)
    finish(outcome, json_=json_)
