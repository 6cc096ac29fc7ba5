"""``tenfold sensor``: meter here, detect elsewhere."""

from __future__ import annotations

import math
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.output import ConfigFlag, JsonFlag, TunnelsFlag, note, print_json, stdout_console
from contract.errors import InputError, LackingError

if TYPE_CHECKING:
    from detector.sensor_run import Sensed

_PROGRAM: Final = Path(__file__).parent.parent
_MIB: Final = 1 << 20


def command(  # noqa: PLR0917 - each parameter is a flag that a user types
    to: Annotated[str, typer.Option("--to", help="The centre: https://centre.example:8150 (its `tenfold serve`).")],
    capture: Annotated[Path | None, typer.Argument(help="A pcap or pcapng file, or an Arrow stream of frames.")] = None,
    interface: Annotated[str, typer.Option(help="Listen to this interface instead of reading a capture.")] = "",
    netns: Annotated[str, typer.Option(help="Network namespace of the interface.")] = "",
    for_: Annotated[float | None, typer.Option("--for", help="Listen for so many seconds; else until Ctrl-C.")] = None,
    filter_: Annotated[str, typer.Option("--filter", help="What to listen to, as for tcpdump.")] = "",
    name: Annotated[str, typer.Option(help="What the centre calls this sensor; else this machine's name.")] = "",
    key_from_env: Annotated[
        str, typer.Option(help="Environment variable that holds the key (scope ingest; `tenfold keys`).")
    ] = "TENFOLD_KEY",
    spool: Annotated[Path | None, typer.Option(help="Folder for what the centre has not taken yet.")] = None,
    spool_mib: Annotated[int, typer.Option(help="Most of it, in MiB; then the oldest batches go.")] = 1024,
    peers: Annotated[int, typer.Option(help="So many sensors make one picture: it begins when all are heard.")] = 1,
    wait: Annotated[float, typer.Option(help="Seconds at the end in which the centre may still take what waits.")] = 60,
    tunnels: TunnelsFlag = "",
    config: ConfigFlag = None,
    json_: JsonFlag = False,
) -> None:
    """Meter a capture or an interface and send its flows to a centre, which detects."""
    if (capture is None) == (not interface):
        raise InputError("name a capture or an interface, one of the two; see `tenfold sensor --help`")
    if spool_mib < 1 or not 0 <= wait < math.inf or not 1 <= peers <= 4096:
        raise InputError("--spool-mib takes 1 or more, --wait 0 or more, --peers 1 to 4096")
    if for_ is not None and not 0 < for_ < math.inf:
        raise InputError(f"--for {for_:g}: it takes a number of seconds above 0")
    from contract.batch_names import NAMES

    called = name or re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname().partition(".")[0])[:40]
    if not NAMES["sensor"].fullmatch(called):
        raise InputError(f"--name {called!r}: letters, digits, '_' and '-', 40 at most, the first a letter or digit")
    folder = spool or Path.home() / ".local" / "state" / "tenfold" / "spool" / called
    key = os.environ.get(key_from_env, "")
    wanted = _Wanted(to, key, called, folder, spool_mib * _MIB, peers, wait, tunnels, config)
    sensed, link = _sense(capture, {"interface": interface, "netns": netns, "filter": filter_, "seconds": for_}, wanted)
    document = _document(called, sensed, link)
    if json_:
        print_json(document)
    else:
        _show(document)
    if link["refused"]:
        raise InputError(link["refused"])
    if link["waiting"]:
        raise LackingError(f"{link['waiting']} batches wait in {folder}: {link['fault'] or 'the centre was too slow'}; "
                           "they are sent when this sensor is started again")  # fmt: skip


@dataclass(frozen=True)
class _Wanted:
    """What the flags say of the centre and the way there."""

    to: str
    key: str
    name: str
    folder: Path
    most: int
    peers: int
    wait: float
    tunnels: str
    config: Path | None


def _sense(capture: Path | None, live: dict[str, Any], wanted: _Wanted) -> tuple[Sensed, dict[str, Any]]:
    """Open what is listened to before anything else is loaded, then work; what became of it."""
    import signal
    import threading

    from detector.sensor_link import SensorLink, parts_of, wait_until_sent

    parts_of(wanted.to, secret=bool(wanted.key))
    rings = _rings(live, wanted.folder) if capture is None else []
    from detector.config_file import chosen
    from detector.sensor_run import sense_capture, sense_interface
    from detector.sensor_spool import SensorSpool

    settings = chosen(wanted.config, tunnels=wanted.tunnels)
    spool = SensorSpool(wanted.folder, wanted.most)
    if spool.left:
        note(f"{spool.left} batches of an earlier run are sent first")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    link = SensorLink(wanted.to, wanted.key, spool)
    link.start()
    try:
        if capture is not None:
            sensed = sense_capture(capture, settings, spool, wanted.name, wanted.peers, stop)
        else:
            note(f"sensor {wanted.name} listens to {live['interface']} and tells {wanted.to}; Ctrl-C ends it")
            sensed = sense_interface(rings, settings, spool, wanted.name, wanted.peers, stop, live["seconds"])
        stop.clear()  # a second Ctrl-C ends the wait
        wait_until_sent(link, spool, wanted.wait, stop)
    finally:
        link.stop()
    sensed.ledger.merge(spool.ledger())
    sensed.ledger.witness("the teller", "spool", "offered", sensed.batches + spool.left)
    return sensed, {
        "batches": link.batches,
        "bytes": link.bytes,
        "told_to_wait": link.told_to_wait,
        "waiting": spool.batches,
        "fault": link.fault,
        "refused": str(link.refused) if link.refused else "",
    }


def _rings(live: dict[str, Any], folder: Path) -> list[Any]:
    from contract.lab import returning
    from detector.capture.live_socket import Options, open_rings
    from detector.rights import drop_rights

    with returning():  # the interface may be in a namespace from which there is no way to the centre
        opened = open_rings(Options(live["interface"], live["netns"], live["filter"]))
    folder.mkdir(parents=True, exist_ok=True)
    drop_rights(_PROGRAM, folder)
    return opened


def _document(name: str, sensed: Sensed, link: dict[str, Any]) -> dict[str, Any]:
    return {
        "sensor": name,
        "frames": sensed.frames,
        "seconds": round(sensed.seconds, 3),
        "told": {"rows": sensed.flows, "batches": sensed.batches, "bytes": sensed.bytes},
        "sent": {key: link[key] for key in ("batches", "bytes", "told_to_wait", "waiting")},
        "dropped": sensed.dropped,
        "ledger": sensed.ledger.as_dict(),
        "notes": sensed.notes,
    }


def _show(document: dict[str, Any]) -> None:
    told, sent = document["told"], document["sent"]
    console = stdout_console()
    console.print(
        f"{document['frames']:,} frames, {told['rows']:,} rows on flows in {told['batches']:,} batches; "
        f"{sent['batches']:,} taken by the centre, {sent['waiting']:,} wait, {document['dropped']:,} dropped",
        highlight=False,
    )
    for line in document["notes"]:
        note(line)
