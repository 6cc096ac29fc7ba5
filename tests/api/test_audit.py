from __future__ import annotations

import json
import threading

from api.audit import FILE, FOLDER, AuditLog


def lines(log: AuditLog) -> list[dict]:
    return [json.loads(line) for line in (log.folder / FILE).read_text().splitlines()]


def test_who_did_what_stands_in_the_log_at_once(tmp_path):
    log = AuditLog(tmp_path)
    log.write("startCampaign", "abcdefgh", "127.0.0.1", 202, run="r1", multiplier=10.0, seed=None)
    (line,) = lines(log)
    assert {k: line[k] for k in ("who", "from", "what", "result", "run", "multiplier")} == {
        "who": "abcdefgh", "from": "127.0.0.1", "what": "startCampaign", "result": 202, "run": "r1", "multiplier": 10.0
    }  # fmt: skip
    assert "seed" not in line
    assert (log.folder / FILE).stat().st_mode & 0o777 == 0o600
    assert log.folder.stat().st_mode & 0o777 == 0o700


def test_pages_go_from_the_newest_to_the_oldest_over_rotated_files(tmp_path):
    log = AuditLog(tmp_path, most_bytes=2000, most_files=4)
    for number in range(80):
        log.write("x", "a" if number % 2 else "b", "", 202, number=number)
    assert len(list(log.folder.iterdir())) == 4
    found, before = [], None
    while True:
        items, before = log.page(7, before)
        found += [item["number"] for item in items]
        if before is None:
            break
    assert found == list(range(79, 79 - len(found), -1))
    assert 45 <= len(found) < 80
    only, _ = log.page(5, who="a")
    assert {item["who"] for item in only} == {"a"}
    for path in log.folder.iterdir():
        assert path.stat().st_size < 2300


def test_a_flood_of_refusals_is_a_count(tmp_path):
    log = AuditLog(tmp_path)
    for number in range(5000):
        log.refused("", "127.0.0.1", 401, "GET", f"/v1/{number}", "Unauthorized")
    items, _ = log.page(1000)
    assert len(items) < 200
    assert sum(item.get("count", 1) for item in items) == 5000


def test_ingest_is_summed_up_by_key(tmp_path):
    log = AuditLog(tmp_path)
    for number in range(1000):
        log.add("sensor" if number % 4 else "other", "127.0.0.1", 429 if number % 10 == 0 else 202, 100)
    items, _ = log.page(10)
    assert sum(item["bytes"] for item in items) == 100_000
    assert sum(item["answered_202"] for item in items) == 900
    assert {item["who"] for item in items} == {"sensor", "other"}


def test_no_key_and_no_long_text_gets_into_it(tmp_path):
    from api.key_file import new_key

    _, text = new_key("x", ["read"])
    log = AuditLog(tmp_path)
    log.refused("", "127.0.0.1", 404, "GET", f"/v1/{text}", "x" * 10_000)
    log.write("x", "", "", 202, bad="\udcff\x00\n", long="y" * 10_000)
    content = (log.folder / FILE).read_text()
    assert text not in content
    assert len(content) < 2000
    assert len(content.splitlines()) == 2


def test_a_line_that_a_crash_cut_off_costs_no_other(tmp_path):
    log = AuditLog(tmp_path)
    log.write("one", "", "", 202)
    with (log.folder / FILE).open("ab") as file:
        file.write(b'{"id": "0')
    again = AuditLog(tmp_path)
    again.write("two", "", "", 202)
    assert [item["what"] for item in again.page(10)[0]] == ["two", "one"]


def test_a_log_that_cannot_be_written_is_said_once_and_harms_nobody(tmp_path, capsys):
    (tmp_path / FOLDER).write_text("in the way")
    log = AuditLog(tmp_path)
    for _ in range(3):
        log.write("x", "", "", 202)
    assert "cannot be written" in log.fault
    assert len(capsys.readouterr().err.splitlines()) == 1
    (tmp_path / FOLDER).unlink()
    log.write("x", "", "", 202)
    assert log.fault == ""


def test_threads_and_processes_share_a_log(tmp_path):
    logs = [AuditLog(tmp_path, most_bytes=1 << 30) for _ in range(3)]

    def work(log: AuditLog) -> None:
        for _ in range(30):
            log.write("x", "", "", 202)

    threads = [threading.Thread(target=work, args=(log,)) for log in logs for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = lines(logs[0])
    assert len(found) == len({line["id"] for line in found}) == 180
