from __future__ import annotations

import json

from contract.alert import Alert


def test_an_alert_says_technique_and_tactic_and_comes_back() -> None:
    alert = Alert(
        7, "syn_flood", "high", "the rate", 0.9, 10**18, 10**18 + 5 * 10**9, ["198.18.0.1"], ["198.19.0.1"], [80]
    )
    document = json.loads(json.dumps(alert.as_dict()))
    assert document["technique"] == {"id": "T1498.001", "name": "Network Denial of Service: Direct Network Flood"}
    assert document["tactic"] == {"id": "TA0040", "name": "Impact"}
    assert document["group"] == "dos"
    assert document["first_seen_text"] == "2001-09-09T01:46:40.000000Z"
    assert Alert.from_dict(document) == alert
