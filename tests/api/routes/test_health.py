from __future__ import annotations

import shutil

from tests.api.conftest import finish
from tests.api.helpers import make_run, serving


def test_health_touches_nothing(client):
    assert client.get("/healthz").json()["status"] == "ok"


def test_ready_without_any_run(tmp_path):
    with serving(tmp_path / "new") as client:
        reply = client.get("/readyz")
        assert reply.status_code == 200
        assert reply.json()["checks"]["store"]["detail"] == "no run yet"


def test_not_ready_when_the_store_on_show_is_damaged(tmp_path):
    folder = make_run(tmp_path / "one", alerts=1, seconds=1, per_second=5)
    finish(folder)
    with serving(tmp_path) as client:
        assert client.get("/readyz").status_code == 200
        shutil.rmtree(folder / "verdicts")
        for name in ("store.sqlite", "store.sqlite-wal", "store.sqlite-shm"):
            (folder / name).unlink(missing_ok=True)
        (folder / "store.sqlite").write_bytes(b"this is no database" * 100)
        reply = client.get("/readyz")
        assert reply.status_code == 503
        assert not reply.json()["checks"]["store"]["ok"]
        assert client.get("/healthz").status_code == 200


def test_metrics_count_by_route_template(client):
    client.get("/v1/alerts/123456")
    client.get("/v1/no-such-page")
    text = client.get("/metrics").text
    assert 'route="/v1/alerts/{alert_id}",status="404"' in text
    assert 'tenfold_http_requests_total{method="GET",route="(none)",status="404"}' in text
    assert "no-such-page" not in text
    assert 'tenfold_run{figure="alerts"} 30.0' in text
    assert 'tenfold_detection_latency_seconds_bucket{le="+Inf"}' in text
    assert 'tenfold_run_dropped_total{reason="stopped",stage="send"} 2.0' in text
    assert "tenfold_ingest_backlog_bytes 0.0" in text
    assert "tenfold_stream_clients 0.0" in text
