"""How near the generator's traffic comes to real captures of the same family: facts of flows and hosts, side by side.

A *sample* is one capture or one generated world: for each measure an array of values. Samples count alike, whatever
their size, so that one large capture does not stand for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign.labels import family_per_flow
from campaign.worlds import pace
from contract.schemas import ARP, FLOWS, TRUTH
from contract.truth import Truth
from detector.capture.opening import open_capture
from detector.flowtable import BWD, FLOW, FWD
from detector.meter import Meter
from generator.traffic import chunks
from generator.workload import Share, Workload

Values = npt.NDArray[np.float64]
Sample = Mapping[str, Values]
Records = npt.NDArray[Any]
FLOW_MEASURES: Final = (
    "packets out",
    "packets back",
    "bytes out",
    "bytes back",
    "duration s",
    "gap out s",
    "payload out",
    "payload back",
)
SHARES: Final = ("unanswered", "refused", "SYN", "FIN", "RST", "PSH", "odd flags")
HOST_MEASURES: Final = ("flows/s", "packets/s", "victims", "ports", "tries", "reply ratio", "victim flows/s", "sources")
MEASURES: Final = (*FLOW_MEASURES, *SHARES, *HOST_MEASURES)
QUANTILES: Final = (0.1, 0.5, 0.9)
_SLICE: Final = 512
_ICMP: Final = (1, 58)
_ERRORS: Final = {1: (3, 4, 5, 11, 12), 58: (1, 2, 3, 4)}


def metered(batches: Iterable[pa.RecordBatch]) -> tuple[Records, pa.Table]:
    """All flows of FRAMES batches: the meter's own records, and the same rows as a FLOWS table."""
    meter = Meter(seed=1)
    records, tables = [np.zeros(0, FLOW)], []

    def take(slots: npt.NDArray[np.int32]) -> None:
        records.append(meter.table.flows[slots].copy())
        tables.append(meter.export(slots))
        meter.release(slots)

    for batch in batches:
        ts = batch.column("ts").cast(pa.int64()).to_numpy()
        pauses = np.flatnonzero(np.diff(ts) > 1_000_000_000) + 1
        cuts = np.union1d(np.arange(0, len(ts), _SLICE), np.append(pauses, len(ts)))
        for low, high in pairwise(cuts):
            take(meter.expire(int(ts[low])))
            meter.update(batch, int(low), int(high))
            meter.clear_dirty()
    take(meter.finish())
    return np.concatenate(records), pa.Table.from_batches(tables, FLOWS)


def capture_samples(path: str, truth: Truth) -> dict[str, Sample]:
    """The facts of each attack family of one capture."""
    records, flows = metered(open_capture(path).batches())
    labels = family_per_flow(flows, truth)
    names = sorted({entry.family for entry in truth.entries})
    return {name: facts(records[labels == name], name) for name in names if (labels == name).any()}


def world_sample(family: str, seed: int) -> Sample:
    """The facts of a generated world that holds this family alone, at a rate such as training worlds have."""
    rng = np.random.default_rng([seed, *family.encode()])
    rate, seconds = pace(rng, family)
    workload = Workload(
        seed=int(rng.integers(1 << 40)),
        duration_s=seconds,
        curve=((0.0, rate),),
        attacks=(Share(family),),
        sites=int(rng.integers(1, 60)),
        clients=int(rng.integers(4, 800)),
        ipv6_share=0.1,
    )
    truth: list[pa.RecordBatch] = []

    def frames() -> Iterable[pa.RecordBatch]:
        for chunk in chunks(workload):
            truth.append(chunk.truth)
            yield chunk.frames

    records, flows = metered(frames())
    labels = family_per_flow(flows, pa.Table.from_batches(truth, TRUTH).unify_dictionaries())
    return facts(records[labels == family], family)


def facts(flows: Records, family: str = "") -> Sample:
    """The measures of these records. Flows that are ICMP errors about others are left out (not of an ICMP flood)."""
    error = np.zeros(len(flows), np.bool_)
    for protocol, types in _ERRORS.items():
        error |= (flows["protocol"] == protocol) & np.isin(flows["port"][:, FWD], types)
    kept = flows if family == "icmp_flood" else flows[~error]
    return {**_of_flows(kept), **_of_hosts(kept)} if len(kept) else {name: np.zeros(0) for name in MEASURES}


def _of_flows(flows: Records) -> dict[str, Values]:
    out, back = flows["packets"][:, FWD].astype(float), flows["packets"][:, BWD].astype(float)
    flags = flows["flags"]
    tcp = flows["protocol"] == 6
    reset = (flags[:, BWD] & 4 > 0) & (flows["payload"][:, BWD] == 0) & (flows["payload"][:, FWD] == 0)
    payload = flows["payload"] / np.maximum(flows["payload_packets"], 1)
    both = flags[:, FWD]
    either = both | flags[:, BWD]
    odd = tcp & ((both == 0) | (both & 32 > 0) | (both & 0b10111 == 1))
    return {
        "packets out": out,
        "packets back": back,
        "bytes out": flows["bytes"][:, FWD].astype(float),
        "bytes back": flows["bytes"][:, BWD].astype(float),
        "duration s": (flows["last"] - flows["first"]) / 1e9,
        "gap out s": flows["gap_mean"][out > 1, FWD],
        "payload out": payload[:, FWD],
        "payload back": payload[back > 0, BWD],
        "unanswered": (back == 0).astype(float),
        "refused": (reset | (flows["unreachable"] > 0)).astype(float),
        **{
            name: (tcp & (either & bit > 0)).astype(float)
            for name, bit in (("SYN", 2), ("FIN", 1), ("RST", 4), ("PSH", 8))
        },
        "odd flags": odd.astype(float),
    }


def _of_hosts(flows: Records) -> dict[str, Values]:
    arp = flows["protocol"] == ARP
    attacker = np.where(arp, flows["mac"][:, FWD], _word(flows, FWD))
    victim = _word(flows, BWD)
    port = np.where(np.isin(flows["protocol"], _ICMP), 0, flows["port"][:, BWD]).astype(np.uint64)
    found: dict[str, list[float]] = {name: [] for name in HOST_MEASURES}
    for rows in _groups(attacker):
        mine = flows[rows]
        pairs = len(np.unique(victim[rows] * np.uint64(65_537) + port[rows]))
        packets = mine["packets"].sum(axis=0)
        found["flows/s"] += _rate(len(rows), mine)
        found["packets/s"] += _rate(int(packets[FWD]), mine)
        found["victims"].append(len(np.unique(victim[rows])))
        found["ports"].append(len(np.unique(port[rows])))
        found["tries"].append(len(rows) / pairs)
        found["reply ratio"].append(float(packets[BWD]) / max(float(packets[FWD]), 1.0))
    for rows in _groups(victim):
        found["victim flows/s"] += _rate(len(rows), flows[rows])
        found["sources"].append(len(np.unique(attacker[rows])))
    return {name: np.array(values, float) for name, values in found.items()}


def _word(flows: Records, side: int) -> npt.NDArray[np.uint64]:
    words: npt.NDArray[np.uint64] = flows["address"][:, side, 0] * np.uint64(31) + flows["address"][:, side, 1]
    return words


def _groups(keys: npt.NDArray[np.uint64]) -> list[npt.NDArray[np.intp]]:
    order = np.argsort(keys, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)


def _rate(count: int, flows: Records) -> list[float]:
    """Events a second over the time that they span; none where there is but one."""
    span = float(flows["last"].max() - flows["first"].min()) / 1e9
    return [(count - 1) / max(span, 1e-3)] if count > 1 else []


def quantiles(samples: list[Sample], measure: str) -> Values:
    """p10, p50 and p90 of all samples together, each sample weighing the same; NaN where nothing was measured."""
    values, weights = _pooled(samples, measure)
    if not len(values):
        return np.full(len(QUANTILES), np.nan)
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    at = np.searchsorted(share, np.array(QUANTILES) * share[-1] - 1e-12)
    found: Values = values[order][np.minimum(at, len(values) - 1)]
    return found


def distance(first: list[Sample], second: list[Sample], measure: str) -> float:
    """The two-sample Kolmogorov-Smirnov distance, 0 to 1; NaN where one side has no value.

    It is the same on a logarithmic scale: the distance depends on the order of the values alone.
    """
    (a, wa), (b, wb) = _pooled(first, measure), _pooled(second, measure)
    if not len(a) or not len(b):
        return float("nan")
    grid = np.unique(np.concatenate([a, b]))
    return float(np.abs(_below(a, wa, grid) - _below(b, wb, grid)).max())


def _pooled(samples: list[Sample], measure: str) -> tuple[Values, Values]:
    given = [sample[measure] for sample in samples if len(sample[measure])]
    if not given:
        return np.zeros(0), np.zeros(0)
    return np.concatenate(given), np.concatenate([np.full(len(v), 1.0 / len(v)) for v in given])


def _below(values: Values, weights: Values, grid: Values) -> Values:
    order = np.argsort(values)
    total = np.concatenate([[0.0], np.cumsum(weights[order])])
    share: Values = total[np.searchsorted(values[order], grid, "right")] / total[-1]
    return share


def nearest(real: Sample, worlds: list[Sample]) -> float:
    """How far the most similar world is from a capture: the least mean distance over all measures."""
    means = []
    for world in worlds:
        each = np.array([distance([real], [world], measure) for measure in MEASURES])
        means.append(float(np.nanmean(each)) if np.isfinite(each).any() else 1.0)
    return min(means, default=float("nan"))


def outside(real: Sample, worlds: list[Sample], measure: str) -> bool | None:
    """Whether a capture's median lies beyond all worlds' p10 to p90 (by more than 5 %); None where it has no value."""
    if not len(real[measure]):
        return None
    spans = [np.quantile(world[measure], (0.1, 0.9)) for world in worlds if len(world[measure])]
    if not spans:
        return True
    low, high = min(float(span[0]) for span in spans), max(float(span[1]) for span in spans)
    middle = float(np.median(real[measure]))
    return bool(middle < low * 0.95 - 1e-9 or middle > high * 1.05 + 1e-9)
