"""A search that is resumed, its result in a sentence, and requests that make no sense."""

from __future__ import annotations

from dataclasses import replace

import pytest

from campaign.capacity import Capacity, Request, headline, load_trials
from campaign.capacity_search import FAILED, GENERATOR, HELD, Bounds, Found
from campaign.capacity_trial import Limits
from campaign.runfolder import write_json
from campaign.runner import Campaign
from campaign.scenario import Overrides, load
from contract.errors import InputError
from tests.campaign.trials import trial


def request(**changes: object) -> Request:
    base = Request(load("smoke"), Overrides(), "stream", Limits(), Bounds(1, 4, 0.5, 2))
    return replace(base, **changes)


def quiet(_: object) -> None:
    """Nobody listens."""


def test_a_search_of_which_every_trial_is_known_makes_none(tmp_path) -> None:
    asked = request()
    known = [trial(n, load, word, phase) for n, (load, word, phase) in enumerate(KNOWN, 1)]
    first = {"format": "tenfold-capacity/1", "parameters": asked.as_dict(), "trials": known}
    write_json(tmp_path / "capacity.json", first)
    document = Capacity(asked, tmp_path, quiet, quiet, Campaign).run()
    assert document["finished"]
    assert document["result"]["multiplier"] == 2.83
    assert document["result"]["confirmed"] == 2
    assert document["result"]["kpi"] == known[-1]["kpi"]
    assert document["result"]["headline"] == (
        "This detector holds 2.83x Tokyo (2,306 attempts/s) as a stream; at 4x it does not: latency p99 900 ms."
    )
    assert load_trials(tmp_path) == document
    assert not (tmp_path / "trials").exists()
    with pytest.raises(InputError, match="is of another search"):
        Capacity(request(trial_s=9.0), tmp_path, quiet, quiet, Campaign)


KNOWN = [
    (1.0, HELD, "search"),
    (2.0, HELD, "search"),
    (4.0, FAILED, "search"),
    (2.83, HELD, "search"),
    (2.83, HELD, "confirm"),
    (2.83, HELD, "confirm"),
]


@pytest.mark.parametrize("trials", [3, [1], [{"outcome": "held"}]])
def test_a_damaged_search_is_not_gone_on_with(tmp_path, trials) -> None:
    first = {"format": "tenfold-capacity/1", "parameters": request().as_dict(), "trials": trials}
    write_json(tmp_path / "capacity.json", first)
    with pytest.raises(InputError, match="damaged"):
        Capacity(request(), tmp_path, quiet, quiet, Campaign)


def test_the_sentence_says_who_ended_first() -> None:
    spoilt = [trial(1, 4.0, GENERATOR)]
    text = headline(Found(2.0, 4.0, GENERATOR, 3), spoilt, request())
    assert text.startswith("This machine's generator ends at 2x Tokyo (1,630 attempts/s); the detector held that")
    assert "the most that was asked for" in headline(Found(4.0, None, None, 3), [], request(transport="wire"))
    assert "does not hold 1x Tokyo" in headline(Found(0.0, 1.0, FAILED), [trial(1, 1.0, FAILED)], request())
    assert "nothing is known" in headline(Found(0.0, 1.0, GENERATOR), [trial(1, 1.0, GENERATOR)], request())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bounds": Bounds(5, 4)}, "from 5 to 4"),
        ({"bounds": Bounds(1, 4, 0)}, "a resolution of 0"),
        ({"bounds": Bounds(1, 4, 0.1, 0)}, "0 confirmations"),
        ({"trial_s": 0.1}, "trials of 0.1 s"),
    ],
)
def test_a_request_that_makes_no_sense(changes: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        request(**changes).check()


def test_a_folder_without_a_search(tmp_path) -> None:
    with pytest.raises(InputError, match=r"holds no capacity\.json"):
        load_trials(tmp_path)
