"""The words of an alert: what is known of an incident, as a SOC engineer reads it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from contract.alert import Alert
from contract.schemas import ARP
from detector.continued import carried_on
from detector.evidence import sentences
from detector.facts import facts_of, sample_flows
from detector.incidents import SAMPLES, Incidents
from detector.severity import severity
from detector.silence import NUMBER_SHIFT, Silencer
from detector.site import Site

Rows = npt.NDArray[np.int64]


def leading_families(state: Incidents, rows: Rows) -> Rows:
    """The code of the family with most evidence of each incident: int64 ``(n,)``; the last known one where all evidence
    was taken back. Notes it in the incident's row.
    """
    weights = state.weights[rows]
    best = weights.argmax(axis=1)
    some = weights[np.arange(len(rows)), best] > 0
    codes: Rows = np.where(some, best, state.rows["code"][rows])
    state.rows["code"][rows] = codes
    return codes


class AlertWriter:
    """Writes the alerts of a table of incidents.

    Args:
        state: the incidents
        families: the model's families, of which the first is ``benign``
        silencer: whose rules say why an incident is told to nobody
    """

    def __init__(self, state: Incidents, families: tuple[str, ...], silencer: Silencer) -> None:
        self._state, self._families, self._silencer = state, families, silencer
        self._carried: dict[tuple[int, int], Alert] = {}
        self._samples: dict[tuple[int, int], list[dict[str, Any]]] = {}

    def change(self, site: Site, bars: npt.NDArray[Any]) -> None:
        """Put in force what is known of the site, and the families' bars (``policy.tables``)."""
        self._site, self._bars = site, bars

    def write(self, row: int, now: int, *, is_open: bool = True) -> Alert:
        """The next revision of the alert of the incident in this row, which must be raised; ``now`` in epoch ns."""
        record = self._state.rows[row]
        record["revision"] += 1
        record["emitted"] = now
        weights = self._state.weights[row]
        code = int(leading_families(self._state, np.array([row]))[0])
        facts = facts_of(self._state, row, self._families[code])
        bar = float(self._bars[code]["evidence"])
        share = float(weights[code] / weights.sum()) if weights.sum() > 0 else 1.0
        confidence = round(share * (1.0 - 2.0 ** (-float(record["peak"]) / bar)), 3)
        level, reason = self._site.severity(facts, *severity(facts, confidence))
        rule = self._silencer.rule(int(record["key"][0]) >> NUMBER_SHIFT)
        attackers = facts.attackers
        if facts.mac and facts.protocol == ARP:
            attackers = [facts.mac, *attackers]
        alert = Alert(
            alert_id=int(record["alert_id"]),
            family=facts.family,
            severity=level,
            severity_reason=reason,
            confidence=confidence,
            first_seen=facts.first,
            last_seen=facts.last,
            attackers=attackers,
            victims=facts.victims,
            ports=facts.ports,
            attackers_total=facts.attackers_total,
            victims_total=facts.victims_total,
            ports_total=facts.ports_total,
            protocol=facts.protocol,
            flows=facts.flows,
            packets=sum(facts.packets),
            bytes=sum(facts.bytes_),
            rate=round(facts.rate, 3),
            evidence=sentences(facts),
            sample_flows=self._samples_of(row),
            decided=int(record["decided"]),
            revision=int(record["revision"]),
            open=is_open,
            allowed=rule.reason if rule and rule.kind == "allowed" else "",
            muted=rule.reason if rule and rule.kind == "muted" else "",
            direction=self._site.direction(facts),
        )
        earlier = self._carried.get((row, int(record["generation"])))
        return carried_on(alert, earlier) if earlier else alert

    def carry(self, row: int, earlier: Alert) -> None:
        """The incident in this row goes on with an alert of an earlier detector."""
        self._carried[row, int(self._state.rows["generation"][row])] = earlier

    def forget(self, rows: Rows) -> None:
        """Drop what is kept of incidents whose rows are about to be given back."""
        for row in rows:
            key = int(row), int(self._state.rows["generation"][row])
            self._samples.pop(key, None)
            self._carried.pop(key, None)

    def _samples_of(self, row: int) -> list[dict[str, Any]]:
        """The sample flows of an incident; once there are enough they stay, and are not formatted again."""
        key = (row, int(self._state.rows["generation"][row]))
        known = self._samples.get(key)
        if known is None:
            known = sample_flows(self._state, row)
            if len(known) == SAMPLES:
                self._samples[key] = known
        return list(known)
