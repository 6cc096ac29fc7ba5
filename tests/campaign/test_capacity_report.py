"""The report of a search: one page that loads nothing and says what was found."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from campaign.capacity import Capacity, load_trials
from campaign.capacity_report import render, write
from campaign.runfolder import write_json
from campaign.runner import Campaign
from contract.errors import InputError
from tests.campaign.test_capacity import KNOWN, quiet, request
from tests.campaign.trials import trial


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    known = [trial(n, load, word, phase) for n, (load, word, phase) in enumerate(KNOWN, 1)]
    first = {"format": "tenfold-capacity/1", "parameters": request().as_dict(), "trials": known}
    write_json(folder / "capacity.json", first)
    Capacity(request(), folder, quiet, quiet, Campaign).run()
    return load_trials(folder)


class Outside(HTMLParser):
    """Whatever a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [name for name, _ in attrs if name in ("src", "href") or name.startswith("on")]
        self.found += [tag] * (tag in ("script", "link", "b") and not dict(attrs).get("class") and tag != "b")


def test_it_says_what_was_found_in_the_words_of_the_standards(document) -> None:
    text = render(document)
    page = Outside()
    page.feed(text)
    assert page.found == []
    for words in ("holds 2.83x Tokyo", "inspected throughput", "connections a second", "acceptable loss", "resolution"):
        assert words in text
    assert text.count("<svg") == 4
    assert len(re.findall(r"<title>trial \d", text)) == 4 * len(document["trials"])


def test_a_search_under_way_and_one_that_the_generator_ended(document) -> None:
    spoilt = {**document, "result": None, "trials": [*document["trials"], trial(7, 8.0, "generator")]}
    text = render(spoilt)
    assert "The search is not finished." in text
    assert "generator failed" in text
    assert "the generator &lt;b&gt;was&lt;/b&gt; late" in text
    assert "No trial was made." in render({**spoilt, "trials": []})


def test_a_damaged_document_is_one_line(document, tmp_path) -> None:
    with pytest.raises(InputError, match="damaged"):
        write({**document, "parameters": {}}, tmp_path / "x.html")
