"""What an alert says: its family, its words, and what of it is kept from one revision to the next."""

from __future__ import annotations

import numpy as np

from contract.alert import Alert
from detector.alert_writer import AlertWriter, leading_families
from detector.incidents import SAMPLES, Incidents, new_incidents
from detector.policy import Policy
from detector.silence import Silencer
from detector.site import Site

FAMILIES = ("benign", "port_scan", "syn_flood")
ROWS = np.array([0, 1])


def incidents() -> Incidents:
    """Two raised ones of 20 and 30 flows."""
    state = new_incidents(4, len(FAMILIES))
    rows = state.rows[:2]
    rows["used"] = rows["raised"] = 1
    rows["alert_id"], rows["most_flows"], rows["peak"] = (7, 8), (20, 30), 50.0
    rows["protocol"], rows["last"] = 6, 1_000_000_000
    state.weights[:2] = [[0, 3, 1], [0, 1, 3]]
    return state


def writer(state: Incidents, site: Site | None = None) -> AlertWriter:
    made = AlertWriter(state, FAMILIES, Silencer(FAMILIES))
    made.change(site or Site(), Policy().tables(FAMILIES).table)
    return made


def test_most_evidence_names_the_family_and_the_last_word_stays_where_none_is_left() -> None:
    state = incidents()
    assert leading_families(state, ROWS).tolist() == [1, 2]
    state.weights[:2] = 0
    assert leading_families(state, ROWS).tolist() == [1, 2]


def test_each_revision_is_one_more() -> None:
    state = incidents()
    of = writer(state)
    first, again, last = of.write(0, 50), of.write(0, 60), of.write(0, 70, is_open=False)
    assert [alert.revision for alert in (first, again, last)] == [1, 2, 3]
    assert [alert.open for alert in (first, again, last)] == [True, True, False]
    assert (first.alert_id, first.family, first.flows) == (7, "port_scan", 20)
    assert 0 < first.confidence < 0.75  # three quarters of the evidence are for it
    assert state.rows["emitted"].tolist() == [70, 0, 0, 0]
    assert of.write(1, 80).family == "syn_flood"


def test_what_is_known_of_the_site_words_the_next_revision() -> None:
    of = writer(incidents())
    plain: Alert = of.write(0, 1)
    of.change(Site(severities={"port_scan": "critical"}), Policy().tables(FAMILIES).table)
    assert plain.severity != of.write(0, 2).severity == "critical"


def test_samples_are_formatted_once_and_forgotten_with_the_incident() -> None:
    state = incidents()
    of = writer(state)
    state.rows["samples"][0] = SAMPLES
    state.samples[0]["flow_id"] = np.arange(1, SAMPLES + 1)
    said = of.write(0, 1).sample_flows
    state.samples[0]["flow_id"] += 100
    assert of.write(0, 2).sample_flows == said
    of.forget(ROWS)
    assert of.write(0, 3).sample_flows != said
