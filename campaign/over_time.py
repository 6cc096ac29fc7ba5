"""How a run went from second to second, by family: attempts, those detected, how long that took; alarms by second."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from campaign.attempts import Attempts
from campaign.labels import I64, Mask

NS: Final = 1_000_000_000
_MOST_BINS: Final = 60
_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400)


def over_time(attempts: Attempts, ordinary_first: I64, ordinary_flagged: Mask) -> dict[str, Any]:
    """What a scorecard says of a run's course, in bins of at least a second by intended time.

    ``families``: for each, and for ``all``, columns ``attempts``, ``detected``, ``p50_ms`` and ``max_ms`` (of the time
    to detect; null where nothing was detected). ``false``: ordinary flows that were called an attack, by their begin
    (``ordinary_first``, epoch ns; ``ordinary_flagged``). ``start_ns`` is where the first bin begins, ``t`` the begin of
    each in seconds from there. Empty where there was no attempt.
    """
    times = attempts.intended
    if not len(times):
        return {}
    start = int(times.min()) // NS * NS
    span = (max(int(times.max()), int(ordinary_first.max(initial=0))) - start) / NS
    step = next((step for step in _STEPS_S if span / step <= _MOST_BINS), _STEPS_S[-1])
    count = int(span // step) + 1
    bins = (times - start) // (step * NS)
    late = attempts.latency_ms
    families = {"all": _columns(bins, attempts.found, late, count)}
    for name in sorted(set(attempts.family)):
        mine = attempts.family == name
        families[str(name)] = _columns(bins[mine], attempts.found[mine], late[mine], count)
    wrong = (ordinary_first[ordinary_flagged] - start) // (step * NS)
    return {
        "start_ns": start,
        "bin_s": step,
        "t": [step * number for number in range(count)],
        "families": families,
        "false": np.bincount(wrong[(wrong >= 0) & (wrong < count)], minlength=count).tolist(),
    }


def _columns(bins: I64, found: Mask, late: npt.NDArray[np.float64], count: int) -> dict[str, list[Any]]:
    known = ~np.isnan(late)
    order = np.lexsort((late[known], bins[known]))
    sorted_bins, sorted_late = bins[known][order], late[known][order]
    bounds = np.searchsorted(sorted_bins, np.arange(count + 1))
    p50: list[float | None] = [None] * count
    worst: list[float | None] = [None] * count
    for at, (low, high) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        if high > low:
            p50[at] = round(float(sorted_late[(low + high - 1) // 2]), 3)
            worst[at] = round(float(sorted_late[high - 1]), 3)
    return {
        "attempts": np.bincount(bins, minlength=count).tolist(),
        "detected": np.bincount(bins[found], minlength=count).tolist(),
        "p50_ms": p50,
        "max_ms": worst,
    }
