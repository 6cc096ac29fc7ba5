from __future__ import annotations

import pytest

from api import key_file
from tests.api.helpers import serving, until


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("session")
    path = folder / "keys.json"
    key, text = key_file.new_key("wall", ["read"])
    key_file.change(path, lambda _: [key])
    with serving(folder / "runs", "--keys", str(path)) as client:
        client.path, client.key, client.text = path, key, text
        yield client


def test_without_keys_it_says_so(client):
    found = client.get("/v1/session").json()
    assert found["keys"] is False
    assert "may do everything" in found["note"]
    assert found["caller"]["id"] == "loopback"
    assert client.get("/readyz").json()["checks"]["keys"]["detail"].startswith("no keys")
    assert any("no keys" in line for line in client.lines)
    reply = client.post("/v1/session")
    assert reply.status_code == 201
    assert "set-cookie" not in reply.headers


def test_a_browser_gives_its_key_once_and_then_has_a_cookie(keyed):
    assert keyed.get("/v1/session").json() == {"keys": True, "caller": None, "note": ""}
    assert keyed.get("/v1/runs").status_code == 401
    begun = keyed.post("/v1/session", headers={"Authorization": f"Bearer {keyed.text}"})
    assert begun.status_code == 201
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly; SameSite=Strict" in cookie
    assert keyed.text not in cookie
    token = cookie.partition(";")[0]
    keyed.cookies.clear()
    assert keyed.get("/v1/runs", headers={"Cookie": token}).status_code == 200
    assert keyed.get("/v1/session", headers={"Cookie": token}).json()["caller"]["name"] == "wall"
    assert keyed.post("/v1/campaigns", json={"scenario": "smoke"}, headers={"Cookie": token}).status_code == 403
    ended = keyed.delete("/v1/session", headers={"Cookie": token})
    assert (ended.status_code, ended.content) == (204, b"")
    keyed.cookies.clear()
    assert keyed.get("/v1/runs", headers={"Cookie": token}).status_code == 401


def test_a_stream_ends_with_its_key(keyed):
    key, text = key_file.new_key("gone soon", ["read"])
    key_file.change(keyed.path, lambda known: [*known, key])
    headers = {"Authorization": f"Bearer {text}"}
    until(lambda: keyed.get("/v1/runs", headers=headers).status_code == 200, 10)
    with keyed.stream("GET", "/v1/stream", headers=headers) as reply:
        assert reply.status_code == 200
        parts = reply.iter_raw()
        next(parts)
        key_file.change(keyed.path, lambda known: [row for row in known if row.id != key.id])
        for _ in parts:  # ends: the server closes it
            pass
    assert keyed.get("/v1/runs", headers=headers).status_code == 401


def test_details_of_the_service_are_for_readers(keyed):
    assert keyed.get("/readyz").json()["checks"]["runs"] == {"ok": True}
    found = keyed.get("/readyz", headers={"Authorization": f"Bearer {keyed.text}"}).json()
    assert found["checks"]["keys"]["detail"].endswith("good")
