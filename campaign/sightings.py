"""Which true flows a detector recorded itself (Suricata's flow events, Zeek's conn log): what it saw, and missed."""

from __future__ import annotations

import numpy as np

from campaign.alert_judgement import Terms
from campaign.alert_matching import keyed, keyed_truth
from campaign.alert_table import Seen
from campaign.labels import Mask, pair_truth
from campaign.true_flows import TrueFlows


def seen_rows(seen: Seen, truth: TrueFlows, terms: Terms) -> Mask:
    """Which rows of the truth some recorded flow carries, at the same time within the tolerance."""
    found = np.zeros(len(truth), np.bool_)
    known = (seen.protocol >= 0) & seen.src.any(axis=1) & seen.dst.any(axis=1)
    if not known.any():
        return found
    ports = np.maximum(seen.src_port[known], 0), np.maximum(seen.dst_port[known], 0)
    span = (
        seen.first[known] - terms.offset_ns - terms.tolerance_ns,
        seen.last[known] - terms.offset_ns + terms.tolerance_ns,
    )
    asked = keyed(seen.src[known], seen.dst[known], ports, seen.protocol[known], span)
    found[pair_truth(keyed_truth(truth), asked).flow] = True
    return found
