"""Held through the lists: see ``tests/api/routes/test_alerts.py`` and ``test_detections.py``."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("kind", ["alerts", "detections", "flows"])
def test_pages_of_any_size_are_the_list(client, kind):
    whole = client.get(f"/v1/{kind}", params={"limit": 1000}).json()
    assert whole["next"] is None
    parts, cursor = [], None
    while cursor is not None or not parts:
        params = {"limit": 111} | ({"cursor": cursor} if cursor else {})
        reply = client.get(f"/v1/{kind}", params=params).json()
        parts += reply["items"]
        cursor = reply["next"]
    assert parts == whole["items"]


def test_a_cursor_of_one_list_is_none_of_another(client):
    cursor = client.get("/v1/detections", params={"limit": 1}).json()["next"]
    assert client.get("/v1/flows", params={"limit": 1, "cursor": cursor}).status_code == 400
