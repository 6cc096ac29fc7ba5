from __future__ import annotations


def test_detections_leave_out_ordinary_traffic_unless_asked(client):
    attacks = client.get("/v1/detections", params={"limit": 1000}).json()["items"]
    everything = client.get("/v1/detections", params={"limit": 1000, "traffic": "all"}).json()["items"]
    assert len(attacks) == 480
    assert len(everything) == 600
    assert {item["family"] for item in everything} - {item["family"] for item in attacks} == {"benign"}
    assert all(isinstance(item["flow_id"], str) and item["community_id"].startswith("1:") for item in attacks)


def test_detections_page_without_gap_or_overlap(client):
    seen, cursor = [], None
    while True:
        params = {"limit": 100, "family": "syn_flood"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/detections", params=params).json()
        seen += [item["flow_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 120


def test_min_score_and_host_of_detections(client):
    items = client.get("/v1/detections", params={"min_score": 0.9, "host": "198.18.0.48", "limit": 10}).json()["items"]
    assert items
    assert all(item["score"] >= 0.9 and "198.18.0.48" in (item["src"], item["dst"]) for item in items)
