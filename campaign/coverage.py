"""Which flows lie inside which alert: by the claim of a verdict row, or by addresses, port and time."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from campaign.alert_truth import AlertTruth, same_family
from campaign.flow_words import FlowWords
from campaign.labels import Mask, is_attack, numbers, times
from campaign.scorecard import Names
from contract.addresses import Bytes2D, Networks, column_to_array
from contract.alert import Alert
from contract.errors import InputError
from contract.families import BENIGN

LISTED: Final = 50  # where an alert cuts its lists of addresses and ports


def claimed(said: FlowWords, alerts: list[Alert]) -> Names:
    """The family of the alert that a verdict put each flow in, ``benign`` where there is none: str ``(n,)``."""
    family = np.full(len(said.alert_id), BENIGN, object)
    ids, inverse = np.unique(said.alert_id, return_inverse=True)
    by_id = {alert.alert_id: alert.family for alert in alerts}
    if len(ids):
        family = np.array([by_id.get(int(i), BENIGN) for i in ids], object)[inverse]
    return family


def cover(
    by_alert: Names, flows: pa.Table, alerts: list[Alert], named: AlertTruth, true: Names, said: FlowWords
) -> None:
    """Fill ``by_alert`` for flows of attacks that no verdict flagged but a true alert covers."""
    rows = np.flatnonzero(is_attack(true) & ~said.flagged & (by_alert == BENIGN))
    if not len(rows):
        return
    rest = flows.take(pa.array(rows))
    for number, alert in enumerate(alerts):
        if named.named[number]:
            for row in rows[covered(rest, alert)]:
                if not same_family(by_alert[row], true[row]):
                    by_alert[row] = alert.family


def covered(flows: pa.Table, alert: Alert) -> Mask:
    """Which flows join an attacker and a victim of the alert, on its ports, while it lasts: bool ``(n,)``.

    A list that the alert had to cut names too few to exclude anybody, and is left out.
    """
    found: Mask = (times(flows, "last") >= alert.first_seen) & (times(flows, "first") <= alert.last_seen)
    if alert.protocol:
        found &= numbers(flows, "protocol") == alert.protocol
    if alert.ports and alert.ports_total <= LISTED:
        found &= np.isin(numbers(flows, "src_port"), alert.ports) | np.isin(numbers(flows, "dst_port"), alert.ports)
    src, dst = column_to_array(flows.column("src")), column_to_array(flows.column("dst"))
    return found & (_between(alert, src, dst) | _between(alert, dst, src))


def _between(alert: Alert, attacker: Bytes2D, victim: Bytes2D) -> Mask:
    found: Mask = np.ones(len(attacker), np.bool_)
    sides = 0
    for listed, total, column in (
        (alert.attackers, alert.attackers_total, attacker),
        (alert.victims, alert.victims_total, victim),
    ):
        names = [name for name in listed if _is_address(name)]
        if names and total <= max(len(listed), LISTED):
            found &= Networks(names).contains(column)
            sides += 1
    return found if sides else np.zeros(len(attacker), np.bool_)


def _is_address(name: str) -> bool:
    try:
        Networks([name])
    except InputError:  # an ARP alert also names MAC addresses
        return False
    return True
