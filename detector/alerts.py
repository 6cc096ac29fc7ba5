"""Alerts: which incidents are raised, when they are written again, and when they close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.alert import ALLOWED_FROM, MUTED_FROM, Alert
from detector.alert_writer import AlertWriter, leading_families
from detector.continued import Continued
from detector.flowtable import NEVER, FlowTable
from detector.gathering import gather, members
from detector.incidents import DIRTY, FREE, REFUSED_FULL, Incidents, new_incidents, new_marks, reindex
from detector.policy import Cause, Policy
from detector.silence import NUMBER_SHIFT, Silencer, attacker_side

Slots = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
_NEARLY_FULL: Final = 16  # candidates give way when less than one row in so many is free
_SETTLED: Final = 5  # after so many revisions an alert is written less often
_SLOWER: Final = 4.0
_SERIES: Final = {"allowed": ALLOWED_FROM, "muted": MUTED_FROM}


class AlertBook:
    """The incidents of one detector.

    Args:
        families: the model's families, of which the first is ``benign``
        slots: how many slots the flow table has (``marks`` gets as many rows)
        policy: when to raise
        first_id: number of the first alert
        seed: of the sketches that count hosts
        earlier: alerts of an earlier detector, which go on where their cause does (``detector.continued``)
    """

    def __init__(
        self,
        families: tuple[str, ...],
        slots: int,
        policy: Policy | None = None,
        first_id: int = 1,
        seed: int = 0,
        earlier: Sequence[Alert] = (),
    ) -> None:
        self.policy = policy or Policy()
        self.families = families
        self.marks: npt.NDArray[Any] = new_marks(slots)
        self._state: Incidents = new_incidents(self.policy.capacity, len(families), seed)
        self._silencer = Silencer(families)
        self._writer = AlertWriter(self._state, families, self._silencer)
        self.change(self.policy)
        self._first_id = first_id
        self._continued = Continued(earlier, self.policy)
        self.silenced = dict.fromkeys(_SERIES, 0)  # incidents raised that nobody is told of
        self._new: list[int] = []  # rows raised since ``members_of_new``
        self._beyond = 0  # slots from here on never were in an incident
        self.raised = 0
        self.evicted = 0

    def change(self, policy: Policy) -> None:
        """Put another policy in force for what comes; ``capacity`` stays as it was. Raises ``InputError``."""
        self._silencer.change(policy.rules)
        self.policy = policy
        self._bars = policy.tables(self.families).table
        self._writer.change(policy.site, self._bars)
        self._least = np.array([policy.least.get(family, 0.0) for family in self.families], np.float32)

    @property
    def refused(self) -> int:
        """Verdicts that joined no incident because the table was full."""
        return int(self._state.counters[REFUSED_FULL])

    @property
    def open(self) -> int:
        """Alerts that are open now."""
        rows = self._state.rows
        return int(((rows["used"] != 0) & (rows["raised"] != 0) & (rows["alert_id"] < ALLOWED_FROM)).sum())

    def demanding(
        self, codes: npt.NDArray[np.int16], scores: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
        """The model's words, with attacks of a lower score than the policy demands made benign."""
        low = (codes > 0) & (scores < self._least[codes])
        if not low.any():
            return codes, scores
        return np.where(low, 0, codes).astype(np.int16), np.where(low, 1.0 - scores, scores).astype(np.float32)

    def gather(
        self, table: FlowTable, slots: Slots, codes: npt.NDArray[np.int16], scores: npt.NDArray[np.float32], now: int
    ) -> None:
        """Fold verdicts on flows into incidents. Slots without an incident and with a benign verdict cost nothing."""
        if self._state.counters[FREE] * _NEARLY_FULL < len(self._state.rows):
            self._make_room()
        self._beyond = max(self._beyond, int(slots.max(initial=-1)) + 1)
        if not self._silencer.active:
            gather(self._state, self._bars, table.flows, self.marks, slots, codes, scores, now)
            return
        flows = table.flows[slots]
        attacker = attacker_side(flows, self._bars["cause"][codes] == Cause.RECEIVER)
        numbers = self._silencer.numbers(flows, attacker, codes, now)
        for number in np.unique(numbers):  # flows under a rule form incidents of their own
            own = numbers == number
            bars = self._bars
            if number:
                bars = bars.copy()
                bars["tag"] |= np.uint64(int(number) << NUMBER_SHIFT)
            gather(self._state, bars, table.flows, self.marks, slots[own], codes[own], scores[own], now)

    def allowed(self, slots: Slots) -> npt.NDArray[np.bool_]:
        """Which slots' flows are in an incident that the policy allows, raised or not: bool ``(n,)``."""
        if not self._silencer.active:
            return np.zeros(len(slots), np.bool_)
        marks = self.marks[slots]
        row = np.maximum(marks["incident"], 0)
        rows = self._state.rows[row]
        known = (marks["incident"] >= 0) & (rows["generation"] == marks["generation"])
        numbers = np.where(known, rows["key"][:, 0] >> np.uint64(NUMBER_SHIFT), 0)
        found = [n for n in np.unique(numbers) if (rule := self._silencer.rule(int(n))) and rule.kind == "allowed"]
        return np.isin(numbers, found)

    def alert_ids(self, slots: Slots) -> npt.NDArray[np.uint64]:
        """The alert in which each slot's flow is, 0 where none was raised: uint64 ``(n,)``."""
        marks = self.marks[slots]
        row = np.maximum(marks["incident"], 0)
        rows = self._state.rows
        known = (marks["incident"] >= 0) & (rows["generation"][row] == marks["generation"])
        ids: npt.NDArray[np.uint64] = np.where(known, rows["alert_id"][row], 0).astype(np.uint64)
        return ids

    def members_of_new(self) -> Slots:
        """The slots of the flows in incidents raised since the last call: int32 ``(n,)``."""
        if not self._new:
            return np.zeros(0, np.int32)
        wanted = np.zeros(len(self._state.rows), np.uint8)
        wanted[self._new] = 1
        self._new.clear()
        found: Slots = np.empty(self._beyond, np.int32)
        return found[: members(self._state, self.marks, wanted, found)]

    def release(self, slots: Slots) -> None:
        """Forget the marks of slots that the meter takes back. What their flows gave to incidents stays."""
        self.marks[slots] = _blank()

    def decide(self, now: int) -> list[Alert]:
        """Raise and update what a tick's verdicts made due."""
        count = int(self._state.counters[DIRTY])
        if not count:
            return []
        rows = self._state.rows
        dirty = self._state.dirty[:count].astype(np.int64)
        dirty = dirty[rows["used"][dirty] != 0]
        rows["peak"][dirty] = np.maximum(rows["peak"][dirty], rows["evidence"][dirty])
        bars = self._bars[leading_families(self._state, dirty)]
        is_raised = rows["raised"][dirty] != 0
        ready = ~is_raised & (rows["evidence"][dirty] >= bars["evidence"]) & (rows["flows"][dirty] >= bars["flows"])
        due = is_raised & (now - rows["emitted"][dirty] >= self._pause(rows[dirty]))
        new, again = dirty[ready], dirty[due]
        again = again[np.argsort(rows["emitted"][again], kind="stable")][: self.policy.updates_a_tick]
        for row in new:
            self._raise(int(row), now)
        alerts = [self._writer.write(int(row), now) for row in np.concatenate((new, again))]
        # What is raised but not due stays on the list; candidates come back with their next verdict.
        waiting = dirty[(is_raised | ready) & ~np.isin(dirty, np.concatenate((new, again)))]
        rows["dirty"][dirty] = 0
        rows["dirty"][waiting] = 1
        self._state.dirty[: len(waiting)] = waiting
        self._state.counters[DIRTY] = len(waiting)
        return alerts

    def sweep(self, now: int) -> list[Alert]:
        """Close what has been quiet for long enough; returns the last word on each alert that closed."""
        rows = self._state.rows
        used = np.flatnonzero(rows["used"])
        over = self._continued.sweep(now)
        if not len(used):
            return over
        quiet = used[now - rows["touched"][used] > self._bars[leading_families(self._state, used)]["quiet"]]
        return over + self._close(quiet, now)

    def next_revision(self) -> int:
        """When an alert is next written again if no verdict comes (epoch ns), ``NEVER`` where none waits for that."""
        rows = self._state.rows[self._state.dirty[: int(self._state.counters[DIRTY])]]
        return int((rows["emitted"] + self._pause(rows).astype(np.int64)).min()) if len(rows) else NEVER

    def next_close(self) -> int:
        """When an incident has next been quiet for long enough (epoch ns), ``NEVER`` where there is none."""
        used = np.flatnonzero(self._state.rows["used"])
        over = self._continued.next_close()
        if not len(used):
            return over
        quiet = self._bars[leading_families(self._state, used)]["quiet"].astype(np.int64)
        return min(int((self._state.rows["touched"][used] + quiet).min()) + 1, over)

    def _pause(self, rows: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """How long after a revision of each of these incidents the next one may come (ns)."""
        pause: npt.NDArray[np.float64] = (
            np.where(rows["revision"] >= _SETTLED, _SLOWER, 1.0) * self.policy.update_s * 1e9
        )
        return pause

    def finish(self, now: int) -> list[Alert]:
        """Close everything: the input has ended."""
        written = self.decide(now) + self._close(np.flatnonzero(self._state.rows["used"]), now)
        return written + self._continued.finish()

    def _raise(self, row: int, now: int) -> None:
        record = self._state.rows[row]
        record["raised"] = 1
        record["decided"] = now
        self._new.append(row)
        rule = self._silencer.rule(int(record["key"][0]) >> NUMBER_SHIFT)
        if rule:
            record["alert_id"] = _SERIES[rule.kind] + self._first_id + self.silenced[rule.kind]
            self.silenced[rule.kind] += 1
            return
        earlier = self._continued.take(record["key"], int(record["first"]), int(record["last"]))
        if earlier:
            record["alert_id"], record["revision"] = earlier.alert_id, earlier.revision
            record["decided"] = earlier.decided
            self._writer.carry(row, earlier)
            return
        record["alert_id"] = self._first_id + self.raised
        self.raised += 1

    def _close(self, rows: Rows, now: int) -> list[Alert]:
        if not len(rows):
            return []
        raised = rows[self._state.rows["raised"][rows] != 0]
        alerts = [self._writer.write(int(row), now, is_open=False) for row in raised]
        self._give_back(rows)
        return alerts

    def _make_room(self) -> None:
        """The candidates that were quiet longest give way, a quarter of the table; alerts stay."""
        rows = self._state.rows
        candidates = np.flatnonzero((rows["used"] != 0) & (rows["raised"] == 0))
        order = np.argsort(rows["touched"][candidates], kind="stable")
        leaving = candidates[order][: len(rows) // 4]
        self.evicted += len(leaving)
        if len(leaving):
            self._give_back(leaving)

    def _give_back(self, rows: Rows) -> None:
        state = self._state
        generation = state.rows["generation"][rows] + 1
        self._writer.forget(rows)
        state.rows[rows] = np.zeros((), state.rows.dtype)
        state.rows["generation"][rows] = generation
        state.weights[rows] = 0.0
        state.sketches[rows] = 0
        free = int(state.counters[FREE])
        state.free[free : free + len(rows)] = rows[::-1]
        state.counters[FREE] = free + len(rows)
        kept = state.dirty[: int(state.counters[DIRTY])]
        kept = kept[~np.isin(kept, rows)]
        state.dirty[: len(kept)] = kept
        state.counters[DIRTY] = len(kept)
        reindex(state)


def _blank() -> Any:  # noqa: ANN401 - a numpy record
    return new_marks(1)[0]
