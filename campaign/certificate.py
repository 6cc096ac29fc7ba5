"""The certificate of a run over the wire: what was planned against what arrived, measured at the receiver.

The sender says which frames it sent, in which order, and when each was due (``sent.npy``); the detector says when each
arrived by the kernel's clock (``received.npy``). The n-th of the one is the n-th of the other: a veth pair keeps order.
Where the ring was full, what came after a loss is shifted by what the kernel had counted by then (``exact`` is false).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from campaign.labels import I64, is_attack, times, words
from campaign.lateness import ON_TIME_NS, Latenesses
from campaign.truth_table import read_truth_table
from contract.errors import InputError
from generator.workload import TOKYO_RATE, Curve, rate_at

FORMAT: Final = "tenfold-certificate/1"
_MOST_STEPS: Final = 60
_WIDTHS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400)
_POINTS: Final = 300  # of the drawn curve
Json = dict[str, Any]
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """What the two ends say. Times are epoch ns in the campaign's clock.

    sent: planned times of the frames that were sent, in the order of sending
    received: when each frame arrived, in that order
    drops: rows of (time, frames that the listening ring had dropped by then)
    intended: planned time of the first frame of every attempt of an attack
    detector_lost: rows of (time, frames that the detector had dropped by then)
    planned, claimed: frames that the plan holds, and that the sender says it sent
    kernel, veth, foreign: frames that the ring dropped, that the pair dropped, that came from elsewhere
    """

    sent: I64
    received: I64
    drops: I64
    intended: I64
    planned: int
    claimed: int
    kernel: int = 0
    veth: int = 0
    foreign: int = 0
    detector: int = 0
    detector_lost: I64 = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    wire: Json = field(default_factory=dict)  # how frames were sent, and why so
    left_us: Json = field(default_factory=dict)  # how late they left, by the sender's word
    left_within_1ms: float | None = None


def certify(evidence: Evidence, start_ns: int, duration_s: float, curve: Curve, within_1ms: float) -> Json:
    """The certificate as a JSON object; ``reasons`` say why it is none, and then ``certified`` is false.

    ``curve`` is that of planned attempts a second; ``within_1ms`` the share of frames that must be on time.
    """
    sent, partner, exact = _aligned(evidence)
    late = Latenesses()
    bounds = _bounds(duration_s, _MOST_STEPS, 1.0)
    steps = _steps(evidence, sent, partner, start_ns, bounds, curve, late)
    missing = evidence.claimed - len(evidence.received)
    document = {
        "format": FORMAT,
        "exact": exact,
        "frames": {
            "planned": evidence.planned,
            "claimed": evidence.claimed,
            "received": len(evidence.received),
            "missing": missing,
            "foreign": evidence.foreign,
        },
        "attempts": _attempts(evidence, sent, partner),
        "rate": _rate(sent, partner),
        "lateness_us": late.percentiles(),
        "left_us": evidence.left_us,
        "spread_us": late.spread_us(),
        "within_1ms": late.within(),
        "left_within_1ms": evidence.left_within_1ms,
        "lost": _losses(evidence),
        "wire": evidence.wire,
        "steps": steps,
        "curve": _curve(evidence, sent, partner, start_ns, duration_s),
        "early_ns": max(0, -late.smallest_ns),
        "late_ns": max(0, late.largest_ns),
    }
    reasons = _reasons(document, within_1ms)
    return document | {"certified": not reasons, "reasons": reasons}


def _aligned(evidence: Evidence) -> tuple[I64, I64, bool]:
    """Planned and receive times of the frames that arrived, one with the other, in the order of the plan."""
    sent, received = evidence.sent, evidence.received
    exact = len(sent) == len(received)
    if not exact:
        lost = np.zeros(len(received), np.int64)
        if len(evidence.drops):
            at = np.searchsorted(evidence.drops[:, 0], received, side="right")
            lost = np.concatenate(([0], evidence.drops[:, 1]))[at]
        index = np.arange(len(received)) + lost
        known = index < len(sent)
        sent, received = sent[index[known]], received[known]
    if len(sent) and (np.diff(sent) < 0).any():
        order = np.argsort(sent, kind="stable")
        sent, received = sent[order], received[order]
    return sent, received, exact


def _bounds(duration_s: float, most: int, least_s: float) -> F64:
    """Edges of at most so many equal spans of a round width, ``least_s`` or wider, that cover the run."""
    width = next((w for w in _WIDTHS if w >= least_s and duration_s / w <= most), duration_s / most)
    found: F64 = np.arange(max(1, int(np.ceil(duration_s / width - 1e-9))) + 1, dtype=np.float64) * width
    return found


def _edges(start_ns: int, bounds: F64) -> I64:
    edges: I64 = start_ns + np.round(bounds * 1e9).astype(np.int64)
    return edges


def _per_span(values: I64, edges: I64) -> I64:
    """How many of these times lie in each span; those before and after count to the first and last."""
    inner = np.sort(values)
    cuts = np.searchsorted(inner, edges[1:-1])
    found: I64 = np.diff(np.concatenate(([0], cuts, [len(inner)])))
    return found


def _lost_per_span(lost: I64, edges: I64) -> I64:
    """Of rows (time, lost by then): how many were lost in each span."""
    totals = np.concatenate(([0], lost[:, 1]))
    by = totals[np.searchsorted(lost[:, 0], edges[1:-1])]
    found: I64 = np.diff(np.concatenate(([0], by, [totals[-1]])))
    return found


def _steps(
    evidence: Evidence, sent: I64, partner: I64, start_ns: int, bounds: F64, curve: Curve, late: Latenesses
) -> list[Json]:
    """One row for each step of time: planned and received, lateness, and what was lost by whom."""
    edges = _edges(start_ns, bounds)
    cuts = np.concatenate(([0], np.searchsorted(sent, edges[1:-1]), [len(sent)]))
    planned = _per_span(evidence.sent, edges)
    planned[-1] += evidence.planned - len(evidence.sent)  # not sent: it was due at the end
    came = _per_span(evidence.received, edges)
    attempts = _per_span(evidence.intended, edges)
    arrived = _per_span(_arrivals(evidence, sent, partner), edges)
    kernel, detector = (_lost_per_span(rows, edges) for rows in (evidence.drops, evidence.detector_lost))
    rows = []
    for n in range(len(bounds) - 1):
        off = np.asarray(partner[cuts[n] : cuts[n + 1]]) - sent[cuts[n] : cuts[n + 1]]
        late.add(off)
        p50, p99 = np.percentile(off, (50, 99)) / 1000 if len(off) else (None, None)
        seconds = float(bounds[n + 1] - bounds[n])
        rows.append(
            {
                "t": round(float(bounds[n]), 3),
                "seconds": round(seconds, 3),
                "multiplier": round(rate_at(curve, float(bounds[n]) + seconds / 2) / TOKYO_RATE, 3),
                "planned_frames": int(planned[n]),
                "received_frames": int(came[n]),
                "planned_attempts": int(attempts[n]),
                "received_attempts": int(arrived[n]),
                "p50_us": None if p50 is None else round(float(p50), 1),
                "p99_us": None if p99 is None else round(float(p99), 1),
                "late": int((np.abs(off) > ON_TIME_NS).sum()),
                "lost_kernel": int(kernel[n]),
                "lost_detector": int(detector[n]),
            }
        )
    return rows


def _arrivals(evidence: Evidence, sent: I64, partner: I64) -> I64:
    """When the first frame of each attempt arrived; attempts of which it did not are left out."""
    at = np.searchsorted(sent, evidence.intended)
    known = at < len(sent)
    found = at[known]
    arrived: I64 = partner[found[sent[found] == evidence.intended[known]]]
    return arrived


def _attempts(evidence: Evidence, sent: I64, partner: I64) -> Json:
    return {"planned": len(evidence.intended), "received": len(_arrivals(evidence, sent, partner))}


def _rate(sent: I64, partner: I64) -> Json:
    """Frames a second over the whole run, and by how much what arrived was slower (-) or faster than planned."""
    if len(sent) < 2 or sent[-1] <= sent[0] or partner[-1] <= partner[0]:
        return {"planned_per_s": None, "received_per_s": None, "error": None}
    planned, received = ((len(a) - 1) * 1e9 / float(a[-1] - a[0]) for a in (sent, partner))
    return {
        "planned_per_s": round(planned, 3),
        "received_per_s": round(received, 3),
        "error": received / planned - 1,
    }


def _losses(evidence: Evidence) -> Json:
    """Who lost what: frames not sent, dropped by the kernel (pair and ring), dropped by the detector, unexplained."""
    missing = evidence.claimed - len(evidence.received)
    ring = evidence.kernel
    veth = max(0, min(missing - ring, evidence.veth))
    return {
        "generator": evidence.planned - evidence.claimed,
        "kernel": ring + veth,
        "detector": evidence.detector,
        "unexplained": missing - ring - veth,
        "kernel_parts": {"ring": ring, "veth": veth},
    }


def _reasons(document: Json, within_1ms: float) -> list[str]:
    frames, lost = document["frames"], document["lost"]
    reasons = []
    if frames["missing"]:
        reasons.append(
            f"certificate: {frames['claimed']:,} frames claimed, {frames['received']:,} received: "
            f"{lost['kernel_parts']['ring']:,} dropped by a full ring (the detector did not keep up), "
            f"{lost['kernel_parts']['veth']:,} by the pair of interfaces, {lost['unexplained']:,} unexplained"
        )
    if lost["generator"]:
        reasons.append(f"certificate: the generator did not send {lost['generator']:,} of {frames['planned']:,} frames")
    on_time = document["within_1ms"]
    if on_time is not None and on_time < within_1ms:
        left = document["left_within_1ms"]
        whose = "" if left is None else f"; by the sender's word {100 * left:.2f} % left so"
        reasons.append(
            f"certificate: {100 * on_time:.2f} % of frames arrived within 1 ms of plan, "
            f"{100 * within_1ms:g} % must{whose}"
        )
    return reasons


def _curve(evidence: Evidence, sent: I64, partner: I64, start_ns: int, duration_s: float) -> Json:
    """Attempts and frames a second, planned and received, as columns to draw."""
    bounds = _bounds(duration_s, _POINTS, 0.1)
    edges, widths = _edges(start_ns, bounds), np.diff(bounds)
    columns = {
        "planned_attempts_per_s": evidence.intended,
        "received_attempts_per_s": _arrivals(evidence, sent, partner),
        "planned_frames_per_s": evidence.sent,
        "received_frames_per_s": evidence.received,
    }
    drawn = {name: np.round(_per_span(values, edges) / widths, 2).tolist() for name, values in columns.items()}
    return {"t": np.round((bounds[:-1] + bounds[1:]) / 2, 3).tolist(), **drawn}


def intended_times(truth: Path) -> I64:
    """The planned time of each attempt of an attack, from ``truth.parquet``. Raises ``InputError``."""
    table = read_truth_table(truth)
    attack = is_attack(words(table, "family"))
    attempts = table.column("attempt").to_numpy()[attack]
    found: I64 = np.sort(times(table, "intended")[attack][np.unique(attempts, return_index=True)[1]])
    return found


def read_times(path: Path) -> I64:
    """A .npy file of int64. Raises ``InputError`` where it is missing or something else."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot read: {getattr(error, 'strerror', None) or error}") from None
    if found.dtype != np.int64:
        raise InputError(f"{path}: holds {found.dtype}, not times (int64)")
    times_: I64 = found
    return times_
