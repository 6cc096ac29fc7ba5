"""The rates that a campaign really has: of attempts and of ordinary conversations, with bursts and matching applied."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from generator import arrivals
from generator.arrivals import Spec
from generator.curves import Curve, Line, integral, scaled
from generator.workload import Workload

_ATTACK, _BENIGN = 0x30D, 0x30E
MOST_RATE: Final = 1e7


class Envelope(NamedTuple):
    """How many arrivals there are at which time, and how they follow one another."""

    rate: Line
    spec: Spec


def envelopes(workload: Workload, frames_ratio: float = 1.0, curve: Curve | None = None) -> tuple[Envelope, Envelope]:
    """The envelope of the attempts and that of ordinary conversations.

    ``frames_ratio``: mean frames of an attempt by those of an ordinary conversation; for ``match = "frames"``.
    ``curve`` stands for the workload's own where that was changed while the campaign ran. Where envelopes are matched
    and no other model is asked for, both have the same bursts: one draw of the factor.
    """
    curve = workload.curve if curve is None else curve
    own = workload.benign_arrivals if workload.benign_arrivals is not None else workload.arrivals
    shared = workload.match and own == workload.arrivals
    return (
        _envelope(workload, curve, workload.arrivals, _ATTACK),
        _envelope(workload, benign_curve(workload, frames_ratio, curve), own, _ATTACK if shared else _BENIGN),
    )


def benign_curve(workload: Workload, frames_ratio: float = 1.0, curve: Curve | None = None) -> Curve:
    """The curve of ordinary conversations: the workload's own, or that of the attempts (``curve``) scaled to it."""
    curve = workload.curve if curve is None else curve
    attempts = integral(workload.curve, workload.duration_s)
    peak = max(rate for _, rate in curve)
    if not workload.match or attempts <= 0:
        return workload.benign_curve
    if workload.match == "frames":
        factor = frames_ratio
    else:
        factor = integral(workload.benign_curve, workload.duration_s) / attempts
    return scaled(curve, min(factor, MOST_RATE / peak) if peak else factor)


def _envelope(workload: Workload, curve: Curve, spec: Spec, salt: int) -> Envelope:
    rng = np.random.default_rng([workload.seed, salt])
    return Envelope(arrivals.rates(curve, workload.duration_s, spec, rng), spec)
