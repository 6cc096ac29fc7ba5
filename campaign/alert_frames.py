"""The frames of one alert, as a capture: those of the flows whose verdicts belong to it.

Frames of a generated or replayed run are made again from its folder (``campaign.again``), and checked against the
run's fingerprint. Of anything else the capture that was judged must be given.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from campaign.again import make_again
from campaign.flow_keys import U64, hashes, hashes_of, key_ports, words_of
from campaign.runfolder import RunFolder, existing
from contract.addresses import to_bytes
from contract.errors import InputError
from detector.capture.opening import open_capture
from detector.config_file import read
from detector.frame_keys import UNREADABLE, FrameKeys, Keys
from generator.sinks import open_sink
from store.feed import Feed

_ETHERNET: Final = 1
_COLUMNS: Final = ("key", "first", "last", "ids")
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Flows:
    """The flows of an alert by their key's hash, sorted, each with the span of its frames (epoch ns)."""

    key: U64
    first: I64
    last: I64
    ids: U64 = field(default_factory=lambda: np.zeros(0, np.uint64))

    def holds(self, keys: Keys, ts: I64) -> npt.NDArray[np.bool_]:
        """Which frames are of one of the flows."""
        if not len(self.key):
            return np.zeros(len(ts), np.bool_)
        found = hashes(keys.address, keys.key_port, keys.protocol)
        at = np.minimum(np.searchsorted(self.key, found), len(self.key) - 1)
        held: npt.NDArray[np.bool_] = (self.key[at] == found) & (keys.protocol != UNREADABLE)
        return held & (ts >= self.first[at]) & (ts <= self.last[at])


def write(feed: Feed, run: Path, alert_id: int, out: Path, capture: Path | None = None) -> dict[str, Any]:
    """Write the frames of an alert to ``out`` (``.pcap``, ``.pcapng`` or ``.arrow``); what was written, as JSON.

    Raises ``InputError`` where there is no such alert, where frames of it are not kept and no ``capture`` is given.
    """
    flows = flows_of(feed, run, alert_id)
    if capture is not None:
        frames = _cut(capture, flows, out, _tunnels(run))
        return {"alert": alert_id, "flows": len(flows.key), "frames": frames, "from": str(capture)}
    folder = _with_frames(run)
    with tempfile.TemporaryDirectory(prefix=".frames-", dir=out.absolute().parent) as place:
        whole = Path(place) / "run.pcap"
        made = make_again(folder, whole)
        frames = _cut(whole, flows, out, _tunnels(run))
    return {"alert": alert_id, "flows": len(flows.key), "frames": frames, "from": folder.id, "same": made["same"]}


def _with_frames(run: Path) -> RunFolder:
    needed = f"{run}: its frames are not kept and cannot be made again; name the capture with --capture"
    try:
        folder = existing(run)
    except InputError:
        raise InputError(needed) from None
    if not folder.workload.is_file():
        raise InputError(needed)
    return folder


def _tunnels(run: Path) -> str:
    """Which packets the run's detector metered: those outside of tunnels, or those inside."""
    config = run / "config.toml"
    return read(config).tunnels if config.is_file() else "outer"


def flows_of(feed: Feed, run: Path, alert_id: int) -> Flows:
    """The flows whose verdicts belong to an alert; its samples where the verdicts name none.

    Raises ``InputError`` where there is no such alert.
    """
    alert = feed.alert(alert_id)
    if alert is None:
        raise InputError(f"{run}: no alert {alert_id}; `tenfold export {run} --format csv` lists them")
    parts = [_of_table(table, alert_id) for table in _tables(feed, "verdicts")]
    parts = [_until_end(feed, parts)] if any(len(part.key) for part in parts) else [_of_samples(alert)]
    key = np.concatenate([part.key for part in parts])
    first, last = (np.concatenate([getattr(part, name) for part in parts]) for name in ("first", "last"))
    unique, places = np.unique(key, return_inverse=True)
    earliest, latest = np.full(len(unique), np.iinfo(np.int64).max), np.zeros(len(unique), np.int64)
    np.minimum.at(earliest, places, first)
    np.maximum.at(latest, places, last)
    return Flows(unique, earliest, latest)


def _tables(feed: Feed, kind: str) -> Iterator[pa.Table]:
    at = 0
    while piece := feed.rows(kind, at):
        table, at = piece
        yield table


def _until_end(feed: Feed, parts: list[Flows]) -> Flows:
    """The flows of all parts, each until its last frame: most verdicts are given long before a flow ends."""
    key, first, last, ids = (np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS)
    order = np.argsort(ids)
    for table in _tables(feed, "flows"):
        found = np.asarray(table.column("flow_id"))
        low, high = (np.searchsorted(ids[order], found, side) for side in ("left", "right"))
        rows = np.flatnonzero(high > low)
        ends = np.asarray(table.column("last").cast(pa.int64()))
        np.maximum.at(last, order[low[rows]], ends[rows])
    return Flows(key, first, last, ids)


def _of_table(table: pa.Table, alert_id: int) -> Flows:
    rows = table.filter(pc.equal(table.column("alert_id"), pa.scalar(alert_id, pa.uint64())))
    first, last = (np.asarray(rows.column(name).cast(pa.int64())) for name in ("first", "last"))
    return Flows(hashes_of(rows), first, last, np.asarray(rows.column("flow_id")))


def _of_samples(alert: dict[str, Any]) -> Flows:
    samples = [sample for sample in alert["sample_flows"] if sample.get("src")]
    packed = [np.frombuffer(to_bytes(one["src"]) + to_bytes(one["dst"]), np.uint8) for one in samples]
    address = words_of(np.reshape(packed, (-1, 16)).astype(np.uint8)).reshape(-1, 2, 2)
    port = np.array([(one["src_port"], one["dst_port"]) for one in samples], np.uint16).reshape(-1, 2)
    protocol = np.array([one["protocol"] for one in samples], np.uint16)
    first, last = (np.full(len(samples), alert[name], np.int64) for name in ("first_seen", "last_seen"))
    return Flows(hashes(address, key_ports(port, protocol), protocol), first, last)


def _cut(capture: Path, flows: Flows, out: Path, tunnels: str) -> int:
    """Write the frames of those flows; how many there are."""
    keys, count = FrameKeys(tunnels), 0
    sink = open_sink(out)
    try:
        for batch in open_capture(capture).batches():
            held = flows.holds(keys.of(batch), np.asarray(batch.column("ts").cast(pa.int64())))
            if not held.any():
                continue
            found = batch.filter(pa.array(held))
            if out.suffix != ".arrow" and (np.asarray(found.column("link")) != _ETHERNET).any():
                raise InputError(f"{capture}: not of Ethernet: write to a file that ends in .arrow")
            sink.write(found)
            count += found.num_rows
        sink.close()
    except BaseException:
        sink.abort()
        raise
    return count
