from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.problems import ProblemError
from api.query import _host, _instant, scope_of
from store.filters import Filters


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T00:00:01.000001", 1.000001),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-01T01:00:00 01:00", 0.0),  # a plus sign that was not quoted
        ("2024-07-26T19:30:00Z", 1722022200.0),
    ],
)
def test_instants_are_read(text, seconds):
    assert _instant(text, "since") == round(seconds * 1e9)


@given(st.text(min_size=1, max_size=40))
def test_other_texts_are_refused_or_read(text):
    try:
        found = _instant(text, "since")
    except ProblemError:
        return
    assert found is None or 0 <= found < 1 << 62


def test_nothing_asks_for_nothing():
    assert _instant(None, "since") is None
    assert _instant(" ", "since") is None
    assert _host("") is None


def test_hosts_are_written_as_the_store_writes_them():
    assert _host(" 2001:2:0:0::1 ") == "2001:2::1"
    assert _host("198.18.3.0/15") == "198.18.0.0/15"
    assert _host("198.18.0.7/32") == "198.18.0.7"
    assert _host("::ffff:198.18.0.7") == "198.18.0.7"
    assert _host("::ffff:198.18.0.0/111") == "198.18.0.0/15"
    assert _host("2001:2::7/48") == "2001:2::/48"
    assert _host("::/0") == "::/0"
    with pytest.raises(ProblemError):
        _host("198.18.0.0/33")


def test_a_scope_tells_lists_apart():
    one, two = Filters(family="syn_flood"), Filters(family="port_scan")
    assert len({scope_of(kind, run, f) for kind in "ab" for run in "cd" for f in (one, two)}) == 8
