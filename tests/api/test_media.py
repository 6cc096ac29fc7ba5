from __future__ import annotations

import pytest

from api.media import chosen
from api.problems import ProblemError


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("application/*", "json"),
        ("text/html, */*;q=0.1", "json"),
        ("application/x-ndjson", "eve"),
        ("Application/X-NDJSON; q=0.9, application/json;q=0.3", "eve"),
        ("application/vnd.apache.arrow.stream", "arrow"),
        ("application/json;q=0, */*", "eve"),
        ("text/*", "csv"),
        ("text/csv;q=0.2, application/vnd.apache.arrow.stream;q=0.8, application/json;q=0.5", "arrow"),
        ("application/json;q=0.5, application/x-ndjson;q=0.5", "json"),
        ("application/json;charset=utf-8", "json"),
    ],
)
def test_the_best_liked_form_is_chosen(accept, form):
    assert chosen(accept, None) == form


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "application/json;q=x", "image/*", ";", "*"])
def test_where_none_is_liked_it_says_which_there_are(accept):
    with pytest.raises(ProblemError, match=r"application/json, application/x-ndjson") as caught:
        chosen(accept, None)
    assert caught.value.status == 406


def test_a_name_goes_before_accept():
    assert chosen("text/html", "ocsf") == "ocsf"
