from __future__ import annotations

import json

import pytest

from contract.errors import InputError
from contract.ledger import Ledger


def sound() -> Ledger:
    ledger = Ledger()
    sent = ledger.stage("generator")
    sent.offered, sent.delivered = 10, 8
    sent.drop("stopped", 2)
    sent.drop("never", 0)
    meter = ledger.stage("meter")
    meter.offered, meter.delivered, meter.in_flight = 8, 7, 1
    ledger.link("generator", "meter")
    return ledger


def test_a_sound_ledger_balances() -> None:
    assert sound().balanced
    assert "never" not in sound().stage("generator").dropped


def test_what_is_unexplained_is_named() -> None:
    ledger = sound()
    ledger.stage("meter").delivered = 5
    assert ledger.faults() == ["stage meter: 2 frames unexplained"]
    assert not ledger.balanced


def test_a_gap_between_stages_is_named() -> None:
    ledger = sound()
    ledger.stage("meter").offered = 7
    ledger.stage("meter").in_flight = 0
    assert ledger.faults() == ["between generator and meter: 1 frames unaccounted for"]


def test_a_witness_that_counts_otherwise_is_named() -> None:
    ledger = sound()
    ledger.witness("the truth", "generator", "delivered", 8)
    ledger.witness("nobody", "no such stage", "offered", 1)
    assert ledger.balanced
    ledger.witness("the store", "meter", "offered", 9)
    assert ledger.faults() == ["stage meter: says 8 frames offered, but the store counts 9"]
    again = Ledger.from_dict(ledger.as_dict())
    assert again.faults() == ledger.faults()
    assert again.unsettled() == ["stage meter: 1 frames still in flight at the end"]


def test_json_round_trip_and_merge() -> None:
    document = json.loads(sound().to_json())
    assert document["balanced"] is True
    again = Ledger.from_dict(document)
    assert again.as_dict() == sound().as_dict()
    again.merge(sound())
    assert again.stage("generator").offered == 20
    assert again.stage("generator").dropped["stopped"] == 4
    assert again.balanced


@pytest.mark.parametrize("document", [{}, {"stages": []}, {"stages": {"a": {}}}, {"stages": {"a": None}}])
def test_not_a_ledger(document: dict[str, object]) -> None:
    with pytest.raises(InputError, match="not a ledger"):
        Ledger.from_dict(document)
