from __future__ import annotations

import pytest

JSON = {"Content-Type": "application/json"}


def test_every_answer_has_the_security_headers(client):
    for path in ("/", "/v1/alerts", "/v1/nothing", "/metrics"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost:1", ""])
def test_another_name_is_not_answered(client, host):
    reply = client.get("/v1/alerts", headers={"Host": host})
    assert reply.status_code in (400, 421)


def test_the_name_localhost_is_answered(client):
    assert client.get("/healthz", headers={"Host": f"localhost:{client.base_url.port}"}).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_another_site_changes_nothing(client, headers):
    reply = client.post("/v1/campaigns", content=b'{"scenario": "smoke"}', headers=JSON | headers)
    assert (reply.status_code, reply.json()["type"]) == (403, "urn:tenfold:problem:origin")
    assert client.post("/v1/campaigns/x/stop", headers=headers).status_code == 403


def test_a_large_body_is_refused_before_it_is_read(client):
    reply = client.post("/v1/campaigns", content=b" " * 70_000, headers=JSON)
    assert (reply.status_code, reply.json()["type"]) == (413, "urn:tenfold:problem:too-large")


def test_a_body_without_length_is_refused_but_for_ingest(client):
    reply = client.post("/v1/campaigns", content=iter([b"{}"]), headers=JSON)
    assert reply.status_code == 411
    assert client.post("/v1/ingest/frames", content=iter([b"{}"])).status_code == 415
