"""What was aimed at which zone of a scenario, and how much of it was detected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign import scorecard
from campaign.attempts import Attempts
from campaign.labels import is_attack, numbers, words
from contract.addresses import column_to_array
from contract.errors import InputError
from generator.workload import Workload
from generator.world import Layout

ELSEWHERE = "elsewhere"  # tunnels, beacons, sweeps of people's machines: what is aimed at no site of a zone


class Zones:
    """The zones of a campaign and whose address lies in which, from the workload of a run."""

    def __init__(self, workload: Workload) -> None:
        self._layout = Layout(workload)
        self.names = tuple(self._layout.zones)

    @classmethod
    def read(cls, path: Path) -> Zones | None:
        """Those of a workload file; None where there is none, or no zones in it."""
        if not path.is_file():
            return None
        try:
            workload = Workload.read(path)
        except InputError:
            return None  # of another version: the rest of the run can be judged all the same
        return cls(workload) if workload.zones else None

    def of(self, truth: pa.Table) -> npt.NDArray[np.int64]:
        """The number of the zone for each row of TRUTH, that of the victim first; -1 for none."""
        victim, other = (self._layout.zone_of(column_to_array(truth.column(side))) for side in ("dst", "src"))
        return np.where(victim >= 0, victim, other).astype(np.int64)

    def rows(self, truth: pa.Table, attempts: Attempts) -> dict[str, Any]:
        """Attempts and detected ones by zone; ``attempts`` are those of ``truth``."""
        attack = is_attack(words(truth, "family"))
        ids, inverse = np.unique(numbers(truth, "attempt").astype(np.int64)[attack], return_inverse=True)
        zone = np.full(len(ids), -1, np.int64)
        np.maximum.at(zone, inverse, self.of(truth)[attack])
        rows = {}
        for number, name in enumerate((*self.names, ELSEWHERE)):
            mine = zone == (number if number < len(self.names) else -1)
            total, found = int(mine.sum()), int((mine & attempts.found).sum())
            if total or name != ELSEWHERE:
                row = {
                    "attempts": total,
                    "attempts_seen": int((mine & attempts.seen).sum()),
                    "attempts_detected": found,
                }
                rows[name] = row | {"recall": scorecard.share(found, total)}
        return rows
