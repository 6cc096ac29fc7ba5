"""What a request says never becomes a path, a connection or a word in a log: hostile names, targets and keys."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import socket
import string
import threading
from pathlib import Path
from urllib.parse import quote

import pytest

from api import key_file
from tests.api.conftest import RUN, finish
from tests.api.helpers import make_run, serving

NAMES, TARGETS = 500, 200
PLACES = (
    "/v1/runs/{}", "/v1/runs/{}/scorecard", "/v1/runs/{}/report", "/v1/campaigns/{}", "/v1/alerts?run={}",
    "/v1/detections?run={}&cursor={}", "/v1/flows?host={}", "/v1/alerts?family={}", "/v1/stream?run={}", "/static/{}",
    "/v1/alerts/{}", "/v1/stats?run={}", "/v1/families/{}", "/v1/scenarios/{}", "/v1/audit?before={}", "/{}",
)  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service with a file that nobody may get at beside its folder."""
    folder = tmp_path_factory.mktemp("hostile")
    run = make_run(folder / "data" / RUN, alerts=3, seconds=1, per_second=20)
    finish(run)
    (folder / "secret.json").write_text('{"id": "do-not-show-this"}')
    (folder / "data" / ".hidden").mkdir()
    (folder / "data" / ".hidden" / "run.json").write_text('{"id": "do-not-show-this"}')
    (folder / "data" / "outside").symlink_to(folder, target_is_directory=True)
    key, text = key_file.new_key("everything", key_file.SCOPES, rate=100_000)
    key_file.change(folder / "keys.json", lambda _: [key])
    with serving(folder / "data", "--keys", str(folder / "keys.json")) as client:
        client.headers["Authorization"] = f"Bearer {text}"
        client.folder, client.text = folder, text
        yield client


def hostile_names(folder: Path) -> list[str]:
    """Paths, unicode, nulls, devices, templates; the same ones each time."""
    chance = random.Random(815)
    words = (
        "..", "../secret.json", "../../etc/passwd", f"{folder}/secret.json", "/etc/passwd", ".hidden", "outside",
        "outside/data", "..\\..\\secret.json", "....//....//secret.json", "%2e%2e%2fsecret.json", "..%2fsecret.json",
        "..%c0%afsecret.json", "\0", "x\0.json", "x\n", "x\r\nSet-Cookie: a=b", "\u202e", "\u2025/secret", "é" * 100,
        "\ud83d\ude00", "CON", "NUL", "~root", "~", "$HOME", "${HOME}", "$(id)", "`id`", "; id", "| id",
        "&& id", "keys.json",
        "' OR 1=1 --", "<script>alert(1)</script>", "{{7*7}}", "%s%s%n", "__proto__", "constructor",
        "file:///etc/passwd",
        "-rf", "--config", "live/../..", "live/.frames", f"{RUN}/../../secret.json", f"{RUN}%00", f"{RUN} ", f"{RUN}.",
        "A" * 10_000, "", " ", ".", ".audit", ".audit/audit.jsonl", "*", "?", "[a-z]", "/dev/zero",
        "/proc/self/environ",
        "1e999", "-1", "9" * 40,
    )  # fmt: skip
    seeds = list(words)
    letters = string.printable + "éß\u0000\u200b\u2028\ufeff🦊/\\.%"
    while len(seeds) < NAMES:
        base = chance.choice(words)
        mutated = [base, base + chance.choice(letters), quote(base.encode("utf-8", "surrogatepass"), safe=""),
                   "../" * chance.randint(1, 9) + base,
                   "".join(chance.choices(letters, k=chance.randint(1, 60)))]  # fmt: skip
        seeds.append(chance.choice(mutated))
    return seeds[:NAMES]


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if "outside/" not in str(path)}


def test_hostile_names_reach_no_file(service):
    before, around = everything(service.folder), sorted(entry.name for entry in service.folder.iterdir())
    names = hostile_names(service.folder)
    assert len(names) == NAMES
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", service.base_url.port, timeout=30)) as link:
        ask_by_name(service, link, names)
    for name in names[:120]:
        body = {"scenario": name.encode("utf-8", "replace").decode(), "multiplier": 1}
        assert service.post("/v1/campaigns", json=body).status_code in (400, 413, 422), name
    fresh = everything(service.folder) - before
    assert {name for name in fresh if not name.startswith(("data/.audit", "data/live"))} == set(), fresh
    assert sorted(entry.name for entry in service.folder.iterdir()) == around


def ask_by_name(service, link: http.client.HTTPConnection, names: list[str]) -> None:
    """Over a client that tidies no path up."""
    for number, name in enumerate(names):
        place = PLACES[number % len(PLACES)]
        part = quote(name.encode("utf-8", "surrogatepass"), safe="" if number % 3 else "/.")
        link.request("GET", place.replace("{}", part), headers={"Authorization": f"Bearer {service.text}"})
        reply = link.getresponse()
        kind, text = reply.headers["Content-Type"], reply.read().decode(errors="replace")
        assert reply.status in (200, 400, 401, 404, 405, 414, 422, 431), (name, reply.status, text[:200])
        assert "do-not-show-this" not in text, name
        assert "root:" not in text, name
        if reply.status == 200:
            assert name.strip() in ("", "live") or RUN in name, (place, name)
        else:
            assert kind.startswith(("application/problem+json", "text/plain")), name


def test_forged_targets_are_never_called(service):
    """Wherever a request may name an address or a URL, nobody is called there."""
    called: list[tuple[str, int]] = []
    with socket.create_server(("127.0.0.1", 0)) as bait:
        bait.settimeout(0.2)
        port = bait.getsockname()[1]
        ended = threading.Event()

        def watch() -> None:
            while not ended.is_set():
                try:
                    link, source = bait.accept()
                except TimeoutError:
                    continue
                called.append(source)
                link.close()

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            asked = [ask_with(service, number, forged(number, port)) for number in range(TARGETS)]
        finally:
            ended.set()
            watching.join()
    assert called == []
    assert len(asked) == TARGETS
    assert not any(status < 400 for status, refusable in asked if refusable), asked
    assert connections_of(service.process.pid) <= {service.base_url.port}


def forged(number: int, port: int) -> str:
    hosts = (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", f"0x7f.1:{port}", f"2130706433:{port}",
             f"127.1:{port}", "169.254.169.254", "metadata.internal",
             f"user@127.0.0.1:{port}", f"evil.example:{port}")  # fmt: skip
    forms = (
        "http://{}/x",
        "https://{}/",
        "//{}/",
        "{}",
        "ftp://{}/",
        "gopher://{}/_",
        "file://{}/etc",
        "\\\\{}\\share",
    )
    return forms[number % len(forms)].format(hosts[number % len(hosts)])


def ask_with(service, number: int, target: str) -> tuple[int, bool]:
    """Put the target at one of the places; the status, and whether it had to be refused."""
    quoted = quote(target, safe="")
    places = (
        lambda: (service.get("/v1/alerts", headers={"Host": target.encode("utf-8", "replace")}), True),
        lambda: (service.post("/v1/campaigns", json={"scenario": "smoke", "target": target}), True),
        lambda: (service.post("/v1/campaigns", json={"scenario": target}), True),
        lambda: (service.get(f"/v1/alerts?host={quoted}"), True),
        lambda: (service.get(f"/v1/flows?run={quoted}"), True),
        lambda: (service.get(f"/v1/runs/{quoted}/report"), True),
        lambda: (service.post("/v1/campaigns", json={}, headers={"Origin": target, "Referer": target}), True),
        lambda: (service.get("/healthz", headers={"X-Forwarded-For": target, "Forwarded": f"for={target}"}), False),
        lambda: (service.get("/healthz", headers={"X-Forwarded-Host": target, "X-Original-URL": target}), False),
        lambda: (service.post("/v1/ingest/frames", content=target.encode(), headers={"Content-Type": target}), True),
    )  # fmt: skip
    reply, refusable = places[(number // 8) % len(places)]()
    return reply.status_code, refusable


def connections_of(pid: int) -> set[int]:
    """The local ports of the process's established TCP connections."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].partition(":")[2], 16) for row in rows if row[9] in inodes and row[3] == "01"}


def test_a_forged_sender_does_not_get_into_the_audit_log(service):
    service.post("/v1/campaigns", json={}, headers={"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7"})
    items = service.get("/v1/audit").json()["items"]
    assert {item["from"] for item in items} == {"127.0.0.1", ""}  # a count of refusals has no sender


def test_keys_are_in_no_log_no_error_and_no_process_list(service):
    _, other = key_file.new_key("another", ["read"])
    secrets = [text.split("_", 2)[2] for text in (service.text, other)]
    said = []
    for place in (
        f"/v1/runs/{service.text}",
        f"/v1/{other}",
        f"/v1/alerts?run={other}",
        f"/{other}",
        f"/static/{other}",
    ):
        reply = service.get(place, headers={"Authorization": f"Bearer {other}"})
        said.append(reply.text + str(reply.headers))
    for header in (f"Basic {other}", other, f"Bearer {other} {other}", f"bearer\t{other}"):
        reply = service.get("/v1/alerts", headers={"Authorization": header})
        assert reply.status_code == 401
        said.append(reply.text + str(reply.headers))
    said.append(json.dumps(service.get("/v1/audit").json()))
    said.append("".join(service.lines))
    said.append(service.get("/metrics").text)
    files = [path for path in service.folder.rglob("*") if path.is_file() and path.stat().st_size < 1 << 20]
    said += [path.read_bytes().decode(errors="replace") for path in files]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                said.append((entry / "cmdline").read_bytes().decode(errors="replace"))
            except OSError:
                continue
    for secret in secrets:
        assert not any(secret in text for text in said)
