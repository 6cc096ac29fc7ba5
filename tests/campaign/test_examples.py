"""Examples of what went wrong: each has its reason, its flow, and what was said near it."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from campaign import examples
from campaign.attempts import attempts_of
from campaign.flow_words import NEVER, fold
from campaign.judgement import Material, judge
from campaign.labels import pair_truth
from contract.alert import ALLOWED_FROM
from contract.ledger import Ledger
from tests.campaign.runs import truth_table
from tests.store.helpers import START, flows, times, verdicts

ROWS = 60


def tables(codes: np.ndarray, score: float = 0.9, alert_id: int = 0) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Flows, their last verdicts, and truth: every third attempt is ordinary."""
    batch = flows(ROWS).set_column(8, flows(1).schema.field("last"), times(START + np.arange(ROWS) * 1000 + 500))
    said = pa.Table.from_batches([verdicts(ROWS, codes=codes, final=True)])
    for name, value in (("score", score), ("alert_id", alert_id)):
        at = said.schema.get_field_index(name)
        said = said.set_column(at, said.schema.field(name), pa.array([value] * ROWS, said.schema.field(name).type))
    return pa.Table.from_batches([batch]), said, truth_table(ROWS)


def missed(codes: np.ndarray, **more: float) -> dict:
    seen, said, truth = tables(codes, **more)
    pairs = pair_truth(seen, truth)
    flagged = fold(seen, said).flagged
    attempts = attempts_of(truth, pairs, flagged, np.full(ROWS, NEVER, np.int64))
    return examples.missed(truth, pairs, attempts, seen, said, examples.last_words(seen, said))


@pytest.mark.parametrize(
    ("score", "alert_id", "reason"),
    [(0.9, 0, examples.ORDINARY), (0.2, 0, examples.SUSPECTED), (0.9, ALLOWED_FROM + 1, examples.ALLOWED)],
)
def test_why_an_attempt_was_missed(score: float, alert_id: int, reason: str) -> None:
    found = missed(np.zeros(ROWS, int), score=score, alert_id=alert_id)
    assert found["total"] == 40
    assert found["why"] == {"syn_flood": {reason: 20}, "web_scan": {reason: 20}}
    first = found["examples"][0]
    assert first["frames"] == 2
    assert first["flow"]["benign_score"] == pytest.approx(score, abs=1e-4)
    assert first["nearest"] is None  # nothing at all was called an attack
    assert len(found["examples"]) == 2 * examples.EXAMPLES
    json.dumps(found)


def test_what_was_never_metered_says_so_and_names_what_is_near() -> None:
    seen, said, truth = tables(np.arange(ROWS) % 3)
    pairs = pair_truth(seen.slice(0, 30), truth)
    half = seen.slice(0, 30)
    flagged = fold(half, said).flagged
    attempts = attempts_of(truth, pairs, flagged, np.full(30, NEVER, np.int64))
    found = examples.missed(truth, pairs, attempts, half, said, examples.last_words(half, said))
    assert found["why"] == {"syn_flood": {examples.NOT_SEEN: 10}, "web_scan": {examples.NOT_SEEN: 10}}
    near = found["examples"][0]["nearest"]
    assert near["shares"] in ("the same source", "the same target")
    assert near["family"] in ("syn_flood", "web_scan")


def test_false_alarms_are_counted_by_family_with_the_largest_as_example() -> None:
    seen, said, truth = tables(np.ones(ROWS, int))
    card = judge(Material(seen, said, [], truth, Ledger()))
    mistaken = card["mistaken"]
    assert mistaken["by_family"] == {"web_browsing": {"flows": 20, "flagged": 20}}
    assert mistaken["examples"][0].items() >= {"truth": "web_browsing", "said": "syn_flood"}.items()
    assert mistaken["examples"][0]["flows"] == 20
    assert card["missed"]["total"] == 0
    assert sum(card["over_time"]["false"]) == 20
