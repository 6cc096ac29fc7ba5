"""The judge: truth against verdicts and alerts, as a scorecard (DESIGN, section 4).

A flow counts as detected when some verdict on it says attack, or when it lies inside a true alert. An entry of truth
counts as detected when an alert names its attacker or victim while it lasts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from campaign import alert_truth, examples, scorecard
from campaign.alert_truth import AlertTruth
from campaign.attempts import Attempts, add_attempts, attempts_of, readable
from campaign.by_zone import Zones
from campaign.coverage import claimed, cover
from campaign.flow_words import FlowWords, fold, frames_in, with_unended
from campaign.labels import I64, Mask, Pairs, families_of_pairs, is_attack, label_flows, numbers, pair_truth, times
from campaign.over_time import over_time
from contract.addresses import column_to_array, texts
from contract.alert import Alert
from contract.families import BENIGN, UNKNOWN
from contract.ledger import Ledger
from contract.schemas import ARP
from contract.truth import Truth

Json = scorecard.Json
_EXAMPLES: Final = 5
_BY_ARP: Final = ("host_sweep", "arp_spoofing")  # families of which a question who has an address is a part


@dataclass
class Material:
    """What the judge reads. ``verdicts`` may carry a column ``committed`` (epoch ns at which the row was readable).

    ``committed_alerts`` gives for an alert id when its revisions were readable (epoch ns), where that is known.
    """

    flows: pa.Table
    verdicts: pa.Table
    alerts: list[Alert]
    truth: Truth | pa.Table
    ledger: Ledger
    frames: int | None = None
    notes: list[str] = field(default_factory=list)
    committed_alerts: dict[int, list[int]] = field(default_factory=dict)
    zones: Zones | None = None
    since_ns: int = 0  # attempts that were due earlier warmed up, and are not judged


def judge(material: Material) -> Json:
    """The scorecard of one capture or run."""
    return judge_attempts(material)[0]


def judge_attempts(material: Material) -> tuple[Json, Attempts | None]:
    """The scorecard, and what became of each attempt where the truth is a table."""
    flows = with_unended(material.flows, material.verdicts)
    said = fold(flows, material.verdicts)
    if isinstance(material.truth, Truth):
        labels = label_flows(flows, material.truth)
        names = [e.family if is_attack(np.array([e.family], object))[0] else BENIGN for e in material.truth.entries]
        true = np.array([*names, material.truth.otherwise], object)[labels]
        named = alert_truth.against_entries(material.alerts, material.truth, flows, labels)
        pairs = None
    else:
        pairs = pair_truth(flows, material.truth)
        true = families_of_pairs(flows.num_rows, material.truth, pairs)
        named = alert_truth.against_attempts(material.alerts, material.truth)
        labels = np.full(flows.num_rows, -1, np.int64)
    by_alert = claimed(said, material.alerts)
    if pairs is None or not material.verdicts.num_rows:
        cover(by_alert, flows, material.alerts, named, true, said)
    flagged: Mask = said.flagged | (by_alert != BENIGN)
    families = scorecard.family_rows(true, flagged, said.word, by_alert)
    card = _card(material, flows, true, flagged, families, named)
    card["words"] = scorecard.word_rows(true, said.word)
    card["confusion"] = scorecard.confusion(true, said.word) if flows.num_rows else {}
    attempts = None
    if isinstance(material.truth, Truth):
        card["entries"] = _entries(material.truth, labels, flows, flagged, material.alerts, named)
    elif pairs is not None:
        since = readable(said, flagged, material.committed_alerts)
        attempts = attempts_of(material.truth, pairs, flagged, since)
        if material.zones:
            card["zones"] = material.zones.rows(material.truth, attempts)
        attempts = attempts.after(material.since_ns)
        add_attempts(card, attempts, material.alerts)
        card |= _looked_into(material, flows, pairs, attempts, said, flagged & (true == BENIGN))
        card["mistaken"]["alerts"] = [
            a.alert_id for a, names in zip(material.alerts, named.named, strict=True) if not names
        ]
    card["groups"] = scorecard.group_rows(card["families"])
    card["worst_missed"] = _worst(flows, true, flagged)
    return card, attempts


def _looked_into(
    material: Material, flows: pa.Table, pairs: Pairs, attempts: Attempts, said: FlowWords, wrong: Mask
) -> Json:
    """What a report shows beyond sums: the course of the run, and examples of what went wrong."""
    last = examples.last_words(flows, material.verdicts)
    return {
        "over_time": over_time(attempts, times(flows, "first"), wrong),
        "missed": examples.missed(material.truth, pairs, attempts, flows, material.verdicts, last),
        "mistaken": examples.false_alarms(material.truth, pairs, flows, said, wrong, last.score),
    }


def _card(
    material: Material, flows: pa.Table, true: scorecard.Names, flagged: Mask, families: Json, named: AlertTruth
) -> Json:
    benign = true == BENIGN
    wrong = int((flagged & benign).sum())
    first, last = times(flows, "first"), times(flows, "last")
    judged = [bool(n) for n in named.named]
    unknown = isinstance(material.truth, Truth) and material.truth.otherwise == UNKNOWN
    false = 0 if unknown else judged.count(False)
    alerts = {
        "total": len(judged),
        "true": judged.count(True),
        "false": false,
        "unjudged": len(judged) - judged.count(True) - false,
        "right_group": sum(named.right_group(a, n) for n, a in enumerate(material.alerts)),
        "right_family": sum(named.right_family(a, n) for n, a in enumerate(material.alerts)),
    }
    return {
        "capture": {
            "frames": frames_in(flows) if material.frames is None else material.frames,
            "flows": flows.num_rows,
            "seconds": round(float(last.max() - first.min()) / 1e9, 6) if len(first) else 0.0,
        },
        "families": families,
        "entries": [],
        "false_alarms": {
            "benign_flows": int(benign.sum()),
            "flagged": wrong,
            "rate": scorecard.share(wrong, int(benign.sum())) or 0.0,
            "alerts": false,
        },
        "alerts": alerts,
        "latency_ms": scorecard.latency(np.zeros(0)),
        "ledger": material.ledger.as_dict(),
        "unknown_flows": int((true == UNKNOWN).sum()),
        "notes": list(material.notes),
    }


def _entries(
    truth: Truth, labels: I64, flows: pa.Table, flagged: Mask, alerts: list[Alert], named: AlertTruth
) -> list[Json]:
    rows = []
    first, last = times(flows, "first"), times(flows, "last")
    address_asked = numbers(flows, "protocol") == ARP
    for index, entry in enumerate(truth.entries):
        if not is_attack(np.array([entry.family], object))[0]:
            continue
        mine = labels == index
        begun = mine if entry.family in _BY_ARP or not (mine & ~address_asked).any() else mine & ~address_asked
        begin = int(first[begun].min()) if begun.any() else entry.start
        hits = [a for n, a in enumerate(alerts) if index in named.named[n]]
        since = min((a.decided for a in hits), default=None)
        rows.append(
            {
                "family": entry.family,
                "detected": bool(hits),
                "right_group": any(alert_truth.same_group(a.family, entry.family) for a in hits),
                "right_family": any(alert_truth.same_family(a.family, entry.family) for a in hits),
                "time_to_detect_s": None if since is None or begin is None else max(0.0, (since - begin) / 1e9),
                "flows_to_detect": None if since is None else int((first[begun] <= since).sum()),
                "flows_ended_to_detect": None if since is None else int((last[begun] <= since).sum()),
                "flows": int(mine.sum()),
                "flows_detected": int(flagged[mine].sum()),
                "alerts": [a.alert_id for a in hits],
            }
        )
    return rows


def _worst(flows: pa.Table, true: scorecard.Names, flagged: Mask) -> list[Json]:
    """The largest missed flows of each attack family: where to look first."""
    rows: list[Json] = []
    missed = is_attack(true) & ~flagged
    packets = numbers(flows, "packets_fwd").astype(np.int64) + numbers(flows, "packets_bwd").astype(np.int64)
    for name in sorted(set(true[missed])):
        mine = np.flatnonzero(missed & (true == name))
        for row in mine[np.argsort(-packets[mine], kind="stable")][:_EXAMPLES]:
            one = flows.slice(int(row), 1)
            rows.append(
                {
                    "family": name,
                    "flow_id": int(numbers(one, "flow_id")[0]),
                    "src": texts(column_to_array(one.column("src")))[0],
                    "dst": texts(column_to_array(one.column("dst")))[0],
                    "src_port": int(numbers(one, "src_port")[0]),
                    "dst_port": int(numbers(one, "dst_port")[0]),
                    "protocol": int(numbers(one, "protocol")[0]),
                    "packets": int(packets[row]),
                }
            )
    return rows
