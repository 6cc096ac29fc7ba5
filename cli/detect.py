"""``tenfold detect``: what the detector sees in a capture or on an interface."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from cli.output import ConfigFlag, JsonFlag, ProcessesFlag, ShardsFlag, TunnelsFlag, note, print_json, stdout_console
from contract.errors import InputError

if TYPE_CHECKING:
    from detector.capture.live_socket import Options
    from detector.config import Config
    from detector.listening import Heard
    from detector.offline import Result
    from detector.outbox import Outbox
    from detector.pipeline import Outputs
    from detector.result_files import Files

_SHOWN: Final = 50
_PROGRAM: Final = Path(__file__).parent.parent


def command(  # noqa: PLR0917 - each parameter is a flag that a user types
    capture: Annotated[Path | None, typer.Argument(help="A pcap or pcapng file, or an Arrow stream of frames.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for flows, verdicts (Parquet) and alerts (JSON).")
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="A model file other than the one that ships.")] = None,
    interface: Annotated[str, typer.Option(help="Listen to this interface instead of reading a capture.")] = "",
    netns: Annotated[str, typer.Option(help="Network namespace of the interface.")] = "",
    for_: Annotated[float | None, typer.Option("--for", help="Listen for so many seconds; else until Ctrl-C.")] = None,
    filter_: Annotated[
        str, typer.Option("--filter", help="What to listen to: as for tcpdump, or compiled (tcpdump -ddd).")
    ] = "",
    promiscuous: Annotated[bool, typer.Option("--promiscuous", help="Take what is addressed to others too.")] = False,
    snaplen: Annotated[int | None, typer.Option(help="Bytes of a frame that are kept; else 262144.")] = None,
    ring: Annotated[int | None, typer.Option(help="Memory of the kernel's ring, in MiB; else 64.")] = None,
    rings: Annotated[
        int | None, typer.Option(help="Rings that share that memory, flow by flow, each with a thread.")
    ] = None,
    keep_rights: Annotated[bool, typer.Option("--keep-rights", help="Keep capabilities after opening.")] = False,
    store: Annotated[
        Path | None, typer.Option("--store", help="Of an interface: keep what is seen here; outputs follow it.")
    ] = None,
    tunnels: TunnelsFlag = "",
    config: ConfigFlag = None,
    shards: ShardsFlag = None,
    processes: ProcessesFlag = False,
    json_: JsonFlag = False,
) -> None:
    """Find attacks in a capture or on an interface: alerts, and how many flows of which family."""
    if (capture is None) == (not interface):
        raise InputError("name a capture or an interface, one of the two; see `tenfold detect --help`")
    if store and not interface:
        raise InputError("--store is for an interface; of a capture, --out keeps what is found")
    if interface:
        from detector.capture.live_socket import Options
        from detector.live_settings import live_of, text_of

        if processes:
            raise InputError("--processes is for captures; an interface takes --shards alone")
        settings = (config, text_of(config)) if config else None  # read while there are rights to do it
        live = live_of(settings[1] if settings else "")
        options = Options(
            interface,
            netns,
            filter_ or live.filter,
            snaplen=live.snaplen if snaplen is None else snaplen,
            promiscuous=promiscuous or live.promiscuous,
            ring_bytes=(live.ring_mib if ring is None else ring) << 20,
            rings=live.rings if rings is None else rings,
        )
        document = _listened(
            options, for_, (out, store), model, settings, tunnels, shards, keep_rights=keep_rights, live=not json_
        )
    else:
        from detector.config_file import chosen

        read = chosen(config, tunnels=tunnels, shards=shards, processes=processes)
        document = _read(cast("Path", capture), out, model, read)
    for line in document["notes"]:
        note(line)
    if json_:
        print_json(document)
    else:
        _show(document)


def _read(capture: Path, out: Path | None, model: Path | None, settings: Config) -> dict[str, Any]:
    from detector.model import load, load_default
    from detector.offline import detect

    result = detect(capture, load(model) if model else load_default(), settings)
    document = _document(capture, result)
    if out:
        with _files(out) as files:
            files.write(result.flows, result.verdicts)
            document["files"] = files.finish(document["alerts"])
    return document


def _listened(
    options: Options,
    seconds: float | None,
    places: tuple[Path | None, Path | None],
    model: Path | None,
    settings: tuple[Path, str] | None,
    tunnels: str,
    shards: int | None,
    *,
    keep_rights: bool,
    live: bool,
) -> dict[str, Any]:
    """Open the ring and give up all rights before anything else is loaded; listen; the document."""
    import signal
    import threading

    from detector.capture.live_socket import open_rings
    from detector.rights import drop_rights

    if seconds is not None and not 0 < seconds < math.inf:
        raise InputError(f"--for {seconds:g}: it takes a number of seconds above 0")
    opened = open_rings(options)
    if not keep_rights:
        drop_rights(_PROGRAM, *filter(None, places))
    from detector.config import Config
    from detector.config_file import sound, with_flags
    from detector.listening import listen
    from detector.model import load, load_default

    config = with_flags(sound(settings[1], settings[0]) if settings else Config(), tunnels=tunnels, shards=shards)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    chosen = load(model) if model else load_default()
    out, store = places
    with contextlib.ExitStack() as stack:
        files = stack.enter_context(_files(out)) if out else None
        kept, config = _kept(stack, store, settings, options.interface, config)

        def told(outputs: Outputs) -> None:
            if files:
                files.write(outputs.flows, outputs.verdicts)
            if kept:
                kept.put(outputs)
            for alert in outputs.alerts if live else ():
                if alert.revision == 1 and not alert.silenced:
                    _tell(alert.as_dict())

        def begun() -> None:
            note(f"listening to {options.interface}; Ctrl-C ends it")

        heard = listen(opened, chosen, stop, seconds, told, begun, config)
        document = _heard(options, heard)
        if files:
            document["files"] = files.finish(document["alerts"])
    return document


def _kept(
    stack: contextlib.ExitStack, path: Path | None, settings: tuple[Path, str] | None, interface: str, config: Config
) -> tuple[Outbox | None, Config]:
    """The store of ``--store``, and the outputs that follow it; the configuration, going on behind what it holds."""
    from campaign.outputs import beside, configured

    outputs = configured(*settings) if settings else []
    if path is None:
        if outputs:
            raise InputError("outputs of the configuration follow a store: say with --store where it should be")
        return None, config
    from dataclasses import replace

    from detector.outbox import Outbox
    from detector.service import next_alert
    from store.formats.base import Origin
    from store.writer import StoreWriter

    stack.enter_context(beside(outputs, path, Origin(path.resolve().name, interface=interface)))
    outbox = Outbox(stack.enter_context(StoreWriter(path)))
    stack.callback(outbox.close)
    return outbox, replace(config, first_alert_id=next_alert(path))


def _tell(alert: dict[str, Any]) -> None:
    """An alert when it is raised, as one line."""
    note(
        f"{alert['first_seen_text']}  {alert['severity']}  {alert['family']}  "
        f"{_some(alert['attackers'], alert['attackers_total'])} -> {_some(alert['victims'], alert['victims_total'])}  "
        f"{'; '.join(alert['evidence'][:1])}"
    )


def _heard(options: Options, heard: Heard) -> dict[str, Any]:
    return {
        "interface": options.interface,
        "frames": heard.frames,
        "flows": heard.flows,
        "families": dict(heard.families.most_common()),
        "alerts": [heard.alerts[number].as_dict() for number in sorted(heard.alerts)],
        "silenced": [heard.silenced[number].as_dict() for number in sorted(heard.silenced)],
        "notes": heard.notes,
        "counts": heard.counts,
        "drift": heard.drift,
        "ledger": heard.ledger.as_dict(),
        "latency_ms": heard.latency_ms,
        "stages_ms": heard.stages_ms,
        "seconds": round(heard.seconds, 3),
    }


def _document(capture: Path, result: Result) -> dict[str, Any]:
    import pyarrow.compute as pc

    final = result.verdicts.filter(result.verdicts.column("final"))
    words = pc.value_counts(final.column("family").cast("string").combine_chunks()).to_pylist()
    return {
        "capture": str(capture),
        "frames": result.frames,
        "flows": result.flows.num_rows,
        "families": {row["values"]: row["counts"] for row in sorted(words, key=lambda row: -row["counts"])},
        "alerts": [alert.as_dict() for alert in result.alerts],
        "silenced": [alert.as_dict() for alert in result.silenced],
        "notes": result.notes,
        "counts": result.counts,
        "drift": result.drift,
        "ledger": result.ledger.as_dict(),
        "latency_ms": result.latency_ms,
        "stages_ms": result.stages_ms,
        "seconds": round(result.seconds, 3),
    }


@contextlib.contextmanager
def _files(out: Path) -> Iterator[Files]:
    """The files of ``--out``, written together or not at all. Raises ``InputError`` where they cannot be."""
    from detector.result_files import Files

    files = Files(out)
    try:
        yield files
    finally:
        files.abandon()


def _show(document: dict[str, Any]) -> None:
    from rich.table import Table

    console = stdout_console()
    rate = document["frames"] / max(document["seconds"], 1e-9)
    families = ", ".join(f"{name} {count:,}" for name, count in document["families"].items())
    took = f"{document['seconds']:.1f} s ({rate:,.0f} frames/s)"
    console.print(f"{document['frames']:,} frames, {document['flows']:,} flows in {took}")
    if lost := document["ledger"]["stages"]["decode"]["dropped"]:
        console.print("not metered: " + ", ".join(f"{reason} {frames:,}" for reason, frames in lost.items()))
    console.print(f"flows by verdict: {families or 'none'}")
    console.print(f"network: {document['drift']['text']}", highlight=False)
    for respect in document["drift"].get("differs", ()):
        console.print(f"  {respect}", highlight=False)
    if silenced := document["silenced"]:
        allowed = sum(bool(alert["allowed"]) for alert in silenced)
        console.print(f"by configuration {allowed} allowed and {len(silenced) - allowed} muted; --json prints them")
    if not document["alerts"]:
        console.print("no alert")
        return
    table = Table("severity", "family", "technique", "from", "to", "flows", "since", "evidence")
    for alert in document["alerts"][:_SHOWN]:
        table.add_row(
            alert["severity"],
            alert["family"],
            alert["technique"]["id"],
            _some(alert["attackers"], alert["attackers_total"]),
            _some(alert["victims"], alert["victims_total"]),
            f"{alert['flows']:,}",
            alert["first_seen_text"],
            "; ".join(alert["evidence"]),
        )
    console.print(table)
    if len(document["alerts"]) > _SHOWN:
        console.print(f"and {len(document['alerts']) - _SHOWN} more; --json prints all")


def _some(names: list[str], total: int) -> str:
    more = max(total - 1, 0)
    return (names[0] if names else "?") + (f" and {more:,} more" if more else "")
