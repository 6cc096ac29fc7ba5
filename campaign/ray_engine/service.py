"""Generator shards, detector shards and the merger of one run, as one process beside the campaign.

``python -m campaign.ray_engine.service --workload W.json --store DIR --truth T.parquet --clock ANCHOR ...``

It stands for both ``generator.sender`` and ``detector.service`` and writes the status files of both. A slice is handed
to the detector shards when it is over by the campaign's clock, so nobody sees a frame before it was due. SIGTERM ends
it in order: what was handed over is merged, committed and counted.
"""

from __future__ import annotations

import argparse
import gc
import secrets
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from campaign.ray_engine.cluster import joined
from campaign.runfolder import read_status
from contract.clock import Clock
from contract.errors import TenfoldError
from detector.config import Config
from detector.config_file import read
from detector.model import load, load_default
from detector.shard_meter import Setup
from detector.status import write_status
from detector.tick_times import TickTimes
from detector.warm import warm_up
from generator.workload import Workload
from store.writer import StoreWriter

_LEAD_NS: Final = 1_000_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service; returns the exit code of the public contract."""
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with joined(options.address, options.generators + options.detectors):
            for number in (signal.SIGTERM, signal.SIGINT):  # Ray has its own, which end the process at once
                signal.signal(number, lambda *_: stop.set())
            return _serve(options, stop)
    except TenfoldError as error:
        sys.stderr.write(f"{error}\n")
        for path in (options.sender_status, options.detector_status):
            document = read_status(path)
            write_status(path, document | {"state": "failed", "error": str(error), "reason": str(error)})
        return error.exit_code


def _serve(options: argparse.Namespace, stop: threading.Event) -> int:
    from campaign.ray_engine.driving import Drive
    from campaign.ray_engine.pool import Pool
    from campaign.ray_engine.reporting import Reporting
    from campaign.ray_engine.sources import Generators, slice_length
    from detector.merging import Merger

    clock = Clock.from_anchor(options.clock) if options.clock else Clock.start()
    workload = Workload.read(options.workload)
    config = replace(read(options.config) if options.config else Config(), seed=options.seed or secrets.randbits(63))
    setup = Setup(config, options.detectors, secrets.randbits(63))
    generators = Generators(workload, setup, options.generators)
    model = load(options.model) if options.model else load_default()
    warm_up(model)
    gc.freeze()
    with StoreWriter(options.store, clock) as writer:
        watch = TickTimes(options.ticks, clock)
        merger = Merger(setup, model, clock, watch)
        pool = Pool(setup, merger)
        reporting = Reporting(options, clock, writer, merger, pool, generators)
        try:
            reporting.tell("preparing")
            planned = generators.plan()
            pool.start()
            slice_ns = slice_length(planned.frames, workload.duration_s)
            generators.start(max(clock.now_ns() + _LEAD_NS, workload.start_ns), slice_ns)
            reporting.begin(planned, slice_ns)
            drive = Drive(generators, pool, merger, lambda batch: reporting.wait_s(batch, stop), reporting.sent)
            for merged in drive.run():
                watch.received()
                reporting.merged(merged)
            merger.finish()
            reporting.finish(stopped=stop.is_set())
        except TenfoldError as error:
            reporting.fail(error)
            raise
        finally:
            watch.close()
            merger.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m campaign.ray_engine.service")
    parser.add_argument("--run", required=True, help="name of the run: of its commits, too")
    parser.add_argument("--workload", type=Path, required=True, help="JSON of generator.workload")
    parser.add_argument("--store", type=Path, required=True, help="folder of the store")
    parser.add_argument("--truth", type=Path, required=True, help="Parquet, written at the end")
    parser.add_argument("--ticks", type=Path, required=True, help="when each tick came, was metered, classified")
    parser.add_argument("--sender-status", type=Path, required=True)
    parser.add_argument("--detector-status", type=Path, required=True)
    parser.add_argument("--control", type=Path, help='JSON that may come to say {"stop": true}')
    parser.add_argument("--clock", default="", help="anchor of the campaign's clock")
    parser.add_argument("--address", help="of a Ray cluster; one on this machine alone where there is none")
    parser.add_argument("--generators", type=int, default=1)
    parser.add_argument("--detectors", type=int, default=2)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="of hashes; 0: by chance")
    return parser


if __name__ == "__main__":
    sys.exit(main())
