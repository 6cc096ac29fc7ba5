from __future__ import annotations

import json

from api import key_file
from api.audit import FILE, FOLDER
from tests.api.helpers import serving


def test_who_asked_for_what_and_what_became_of_it(tmp_path):
    made = {scope: key_file.new_key(scope, [scope]) for scope in ("admin", "operate", "ingest")}
    path = tmp_path / "keys.json"
    key_file.change(path, lambda _: [key for key, _ in made.values()])
    with serving(tmp_path / "runs", "--keys", str(path)) as client:

        def ask(method: str, place: str, who: str = "", **more):
            headers = {"Authorization": f"Bearer {made[who][1]}"} if who else {}
            return client.request(method, place, headers=headers, **more)

        assert ask("GET", "/v1/alerts").status_code == 401
        assert ask("GET", f"/v1/{made['admin'][1]}").status_code == 401
        assert ask("POST", "/v1/campaigns", "ingest", json={"scenario": "smoke"}).status_code == 403
        assert ask("POST", "/v1/campaigns", "operate", json={"scenario": "none"}).status_code == 400
        assert ask("POST", "/v1/ingest/frames", "ingest", content=b"x").status_code == 415
        assert ask("POST", "/v1/session", "operate").status_code == 201
        client.cookies.clear()
        first = ask("GET", "/v1/audit?limit=2", "admin").json()
        rest = ask("GET", f"/v1/audit?before={first['next']}", "admin").json()
        items = first["items"] + rest["items"]
        assert rest["next"] is None
        mine = ask("GET", f"/v1/audit?who={made['operate'][0].id}", "admin").json()["items"]
        assert ask("GET", "/v1/audit?before=x", "admin").status_code == 422
    found = [(item["what"], item["result"], item["who"]) for item in items]
    names = {scope: key.id for scope, (key, _) in made.items()}
    assert sorted(found) == sorted([
        ("refused", 401, ""), ("refused", 401, ""), ("refused", 403, names["ingest"]),
        ("refused", 400, names["operate"]), ("ingest", "summed", names["ingest"]),
        ("beginSession", 201, names["operate"]),
    ])  # fmt: skip
    assert {item["who"] for item in mine} == {names["operate"]}
    assert {item["from"] for item in items} == {"127.0.0.1"}
    log = (tmp_path / "runs" / FOLDER / FILE).read_text()
    assert all(json.loads(line) for line in log.splitlines())
    for _, text in made.values():
        assert text not in log
        assert text not in json.dumps(items)
