from __future__ import annotations


def test_flows_know_no_family(client):
    assert client.get("/v1/flows", params={"limit": 5}).json()["items"][0]["tcp_flags_fwd"] == "SA"
    reply = client.get("/v1/flows", params={"family": "syn_flood"})
    assert (reply.status_code, reply.json()["type"]) == (400, "urn:tenfold:problem:parameter")
