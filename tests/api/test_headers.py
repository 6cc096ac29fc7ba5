from __future__ import annotations

import pytest

from api.headers import CSP, origin_refusal, security_headers


def test_nothing_is_allowed_that_is_not_the_pages_own():
    assert "unsafe" not in CSP
    assert "*" not in CSP
    assert CSP.startswith("default-src 'none'")
    names = [name for name, _ in security_headers()]
    assert len(names) == len(set(names)) == 7
    assert not any(name.startswith(b"access-control") for name in names)


@pytest.mark.parametrize(("origin", "site", "passes"), [
    (None, None, True), ("http://127.0.0.1:1", "same-origin", True), ("https://127.0.0.1:1", None, True),
    ("http://127.0.0.1:2", "same-site", False), ("null", None, False), ("http://evil.example", None, False),
    (None, "cross-site", False), (None, "same-site", False), (None, "none", True),
])  # fmt: skip
def test_only_the_own_page_changes_something(origin, site, passes):
    headers = {"host": "127.0.0.1:1", "origin": origin, "sec-fetch-site": site}
    refusal = origin_refusal({name: value for name, value in headers.items() if value is not None})
    assert (refusal is None) == passes
