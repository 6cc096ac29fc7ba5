"""The detector as a process: frames from a Unix socket or an interface in, a store out.

``python -m detector.service --socket PATH --store DIR --clock ANCHOR --status STATUS.json [--model M] [--once]``
``python -m detector.service --interface IFACE [--netns NS] [--received TIMES.npy] ...`` instead of ``--socket``

It ends in order at the end of the stream (``--once``) or on SIGTERM and SIGINT: what was received is detected,
committed and counted. The status file is replaced five times a second. With ``--interface`` the packet ring is opened
and every right given up first of all, before a library starts a thread: hence the late imports.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contract.alert import ALLOWED_FROM
from contract.clock import Clock
from contract.errors import InputError, TenfoldError
from detector.capture.live_socket import Options, Ring, open_rings
from detector.rights import drop_rights
from detector.status import write_status

if TYPE_CHECKING:
    from detector.config import Config
    from detector.frame_queue import FrameQueue

_PROGRAM: Final = Path(__file__).parent.parent
_RING_BYTES: Final = 128 << 20
# Arrow's allocator gives memory back after so many ms without use; by default 10, and each batch takes it anew.
_KEPT_MEMORY: Final = ("MIMALLOC_PURGE_DELAY", "10000")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service; returns the exit code of the public contract."""
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    again = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: again.set())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)  # there is nothing to put in order before it is loaded
    os.environ.setdefault(*_KEPT_MEMORY)
    sys.setswitchinterval(0.0005)  # the thread that reads the socket must not wait for a tick
    try:
        return _serve(options, stop, again)
    except TenfoldError as error:
        sys.stderr.write(f"detector.service: {error}\n")
        with contextlib.suppress(InputError):  # it was said on stderr
            write_status(options.status, {"state": "failed", "reason": str(error), "pid": os.getpid()})
        return error.exit_code


def _open_rings(options: argparse.Namespace) -> list[Ring]:
    """The rings of an interface, opened while there is one thread; afterwards this process has no rights any more."""
    if not options.interface:
        return []
    listening = Options(
        options.interface,
        options.netns,
        options.filter,
        promiscuous=options.promiscuous,
        fanout=options.fanout,
        ring_bytes=options.ring_mib << 20,
        rings=options.rings,
    )
    rings = open_rings(listening)
    if not options.keep_rights:
        drop_rights(_PROGRAM, options.store)
    return rings


def _serve(options: argparse.Namespace, stop: threading.Event, again: threading.Event) -> int:
    write_status(options.status, {"state": "starting", "pid": os.getpid()})
    rings = _open_rings(options)
    import gc

    from contract.known_sensors import read_known
    from detector.flow_inbox import FlowInbox, SensorsTold, sensing
    from detector.model import load, load_default
    from detector.outbox import Outbox
    from detector.pipeline import Detector
    from detector.serving import Service
    from detector.settings import Settings
    from detector.stopwatch import Stopwatch
    from detector.tick_times import TickTimes
    from detector.told import Told
    from detector.warm import warm_up
    from store.writer import HOT_SEGMENTS, StoreWriter

    clock = Clock.from_anchor(options.clock) if options.clock else Clock.start()
    model = load(options.model) if options.model else load_default()
    warm_up(model)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    gc.freeze()  # what is loaded by now stays: collections need not look at it again
    hot = HOT_SEGMENTS if options.compact_after is None else options.compact_after
    with StoreWriter(options.store, clock, compact_after=hot) as writer:
        sys.stderr.writelines(f"detector.service: {note}\n" for note in writer.notes)
        settings = Settings(options.config, again)
        config = _config(options, settings.config)
        outbox = Outbox(writer)
        watch = TickTimes(options.ticks, clock) if options.ticks else Stopwatch()
        inbox: FrameQueue
        if options.flows:
            known = read_known(options.known) if options.known else {}
            inbox = FlowInbox(options.socket, options.flows, once=options.once)
            detector, pulse = sensing(inbox, config, model, watch, known)
            of_sensors = SensorsTold(options.stream, pulse.centre) if options.stream else None
            service = Service(inbox, detector, outbox, options.status, clock, settings, pulse, of_sensors)
        else:
            inbox = _inbox(options, rings, clock)
            detector = Detector(config, model, clock, watch)
            if options.ready_for:
                detector.take_memory(min(options.ready_for, config.capacity))
            told = Told(options.stream, detector) if options.stream else None
            service = Service(inbox, detector, outbox, options.status, clock, settings, told=told)
        try:
            service.report("listening", force=True)
            service.run(stop)
        finally:
            watch.close()
            inbox.close()
            outbox.close()
        failed = inbox.error is not None and (options.once or bool(rings))
        service.report("failed" if failed else "done", force=True)
    if failed:
        raise InputError(str(inbox.error))
    return 0


def _config(options: argparse.Namespace, config: Config) -> Config:
    """The configuration with what the options say, in numbers that go on where the store's end."""
    import secrets

    from detector.continued import left_in

    first, earlier = next_alert(options.store), left_in(options.store)
    config = replace(config, first_alert_id=first, earlier=earlier, seed=options.seed or secrets.randbits(63))
    if options.capacity:
        config = replace(config, capacity=options.capacity)
    if options.shards:
        config = replace(config, shards=options.shards)
    return config


def _inbox(options: argparse.Namespace, rings: list[Ring], clock: Clock) -> FrameQueue:
    if not rings:
        from detector.inbox import Inbox

        return Inbox(options.socket, once=options.once)
    from detector.live_inbox import LiveInbox

    return LiveInbox(rings, clock, lab=options.lab, received_times=options.received)


def next_alert(store: Path) -> int:
    """Numbers of alerts go on where an earlier detector of the same store stopped."""
    from store.reader import StoreReader

    with StoreReader(store) as reader:
        known = [*reader.all_alerts(), *reader.silenced()]
        return 1 + max((alert.alert_id % ALLOWED_FROM for alert in known), default=0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m detector.service", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--socket", type=Path, help="Unix socket to listen on")
    parser.add_argument("--flows", type=Path, help="the socket brings names of files here, with sensors' flows")
    parser.add_argument("--known", type=Path, help="with --flows: the sensors of the picture so far (JSON)")
    parser.add_argument("--stream", default="", help="name of the stream, for the keys of commits: how far it is told")
    source.add_argument("--interface", default="", help="interface to listen on")
    parser.add_argument("--store", type=Path, required=True, help="folder of the store")
    parser.add_argument("--status", type=Path, required=True, help="status file, replaced five times a second")
    parser.add_argument("--clock", default="", help="anchor of the campaign's clock")
    parser.add_argument("--model", type=Path, help="a model file other than the one that ships")
    parser.add_argument("--config", type=Path, help="configuration file; read again on SIGHUP")
    parser.add_argument("--ticks", type=Path, help="an Arrow file for when each tick came, was metered, classified")
    parser.add_argument("--capacity", type=int, default=0, help="live flows at most; 0 for as many as usual")
    parser.add_argument("--ready-for", type=int, default=0, help="live flows whose memory is taken at once")
    parser.add_argument("--shards", type=int, default=0, help="so many threads share the work")
    parser.add_argument("--seed", type=int, default=0, help="of hashes, to get the same answer again; 0: by chance")
    parser.add_argument("--compact-after", type=int, help="commits until the store is compacted; 0: others do that")
    parser.add_argument("--once", action="store_true", help="end with the first stream")
    live = parser.add_argument_group("with --interface")
    live.add_argument("--netns", default="", help="network namespace of the interface")
    live.add_argument("--received", type=Path, help="a .npy file for the receive time of every frame")
    live.add_argument("--lab", action="store_true", help="count what comes from outside the lab's ranges, leave it out")
    live.add_argument("--filter", default="", help="what to listen to, in the syntax of tcpdump")
    live.add_argument("--promiscuous", action="store_true", help="take what is addressed to others as well")
    live.add_argument("--fanout", type=int, default=0, help="share the frames with services of the same number")
    live.add_argument("--rings", type=int, default=1, help="rings that share the memory and the frames, flow by flow")
    live.add_argument("--ring-mib", type=int, default=_RING_BYTES >> 20, help="memory of the ring")
    live.add_argument("--keep-rights", action="store_true", help="do not give up capabilities after opening")
    return parser


if __name__ == "__main__":
    sys.exit(main())
