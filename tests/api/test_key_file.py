from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from api import key_file
from contract.errors import InputError

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def test_a_key_is_long_random_and_kept_as_its_hash(tmp_path):
    path = tmp_path / "keys.json"
    made = [key_file.new_key(f"sensor {n}", ["ingest"]) for n in range(50)]
    key_file.change(path, lambda known: [*known, *(key for key, _ in made)])
    assert len({text for _, text in made}) == 50
    content = path.read_text()
    for key, text in made:
        assert text.startswith(f"tfk_{key.id}_")
        assert len(text) >= 56
        assert text.split("_", 2)[2] not in content
        assert key_file.digest(text) == key.sha256
    assert key_file.read(path) == [key for key, _ in made]


def test_the_file_is_its_owners_alone_and_a_line_is_a_key(tmp_path):
    path = tmp_path / "deep" / "keys.json"
    first, _ = key_file.new_key("one", ["admin", "read"], NOW + timedelta(days=1), 5.0, now=NOW)
    second, _ = key_file.new_key("zwei ü", ["read"])
    key_file.change(path, lambda known: [*known, first])
    before = path.read_text().splitlines()
    key_file.change(path, lambda known: [*known, second])
    after = path.read_text().splitlines()
    assert path.stat().st_mode & 0o777 == 0o600
    assert after[1].rstrip(",") == before[1]
    assert len(after) == len(before) + 1
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]
    assert key_file.read(path)[0] == first
    assert first.scopes == ("read", "admin")
    assert (first.expires, first.rate) == ("2027-01-02T00:00:00Z", 5.0)


def test_a_key_ends_when_it_is_said(tmp_path):
    key, _ = key_file.new_key("x", ["read"], NOW + timedelta(hours=1), now=NOW)
    assert key.state(NOW) == "good"
    assert key.state(NOW + timedelta(hours=1)) == "expired"
    with pytest.raises(InputError, match="is past"):
        key_file.new_key("x", ["read"], NOW, now=NOW)


@pytest.mark.parametrize(("name", "scopes", "rate"), [("", ["read"], None), ("x", [], None), ("x", ["root"], None),
                                                      ("a\nb", ["read"], None), ("x" * 81, ["read"], None),
                                                      ("x", ["read"], 0.0), ("x", ["read"], float("nan"))])  # fmt: skip
def test_what_is_no_key_is_refused(name, scopes, rate):
    with pytest.raises(InputError):
        key_file.new_key(name, scopes, rate=rate)


def test_a_file_that_others_may_change_lets_nobody_in(tmp_path):
    path = tmp_path / "keys.json"
    key_file.change(path, lambda known: known)
    path.chmod(0o620)
    with pytest.raises(InputError, match="others may write"):
        key_file.read(path)
    path.chmod(0o644)
    assert key_file.read(path) == []


ROW = {"id": "abcdefgh", "name": "x", "scopes": ["read"], "sha256": "0" * 64, "created": "2027-01-01T00:00:00Z"}


@pytest.mark.parametrize("text", [
    "", "{", "[]", "null", '{"format": "tenfold-keys/2", "keys": []}', '{"format": "tenfold-keys/1"}', "[" * 100_000,
    *(json.dumps({"format": "tenfold-keys/1", "keys": [row]}) for row in (
        1, {}, ROW | {"scopes": ["root"]}, ROW | {"scopes": []}, ROW | {"scopes": "read"}, ROW | {"id": "ABCDEFGH"},
        ROW | {"id": 5}, ROW | {"sha256": "0"}, ROW | {"expires": "soon"}, ROW | {"expires": "2027-01-01T00:00:00"},
        ROW | {"revoked": 3}, ROW | {"rate": 0}, ROW | {"rate": "9"}, ROW | {"rate": True})),
    json.dumps({"format": "tenfold-keys/1", "keys": [ROW, ROW]}),
    " " * (1 << 20) + "x",
])  # fmt: skip
def test_a_damaged_file_is_refused_whole(tmp_path, text):
    path = tmp_path / "keys.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(InputError):
        key_file.read(path)


def test_two_that_add_at_once_lose_nothing(tmp_path):
    path = tmp_path / "keys.json"

    def add(number: int) -> None:
        for turn in range(5):
            key, _ = key_file.new_key(f"{number} {turn}", ["read"])
            key_file.change(path, lambda known, key=key: [*known, key])

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(key_file.read(path)) == 20


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        key_file.change(tmp_path / "file" / "keys.json", lambda known: known)
    with pytest.raises(InputError, match="no such key file"):
        key_file.read(tmp_path / "nothing.json")
    with pytest.raises(InputError, match="cannot read"):
        key_file.read(tmp_path)


def test_the_secret_of_a_key_is_taken_out_of_a_text():
    key, text = key_file.new_key("x", ["read"])
    assert key_file.hidden(f"GET /{text}?a={text} done") == f"GET /tfk_{key.id}_…?a=tfk_{key.id}_… done"
    assert key_file.id_of(text) == key.id
    assert key_file.id_of(text + "\n") == key_file.id_of("tfk_x") == ""


def test_a_link_is_not_followed_to_write(tmp_path):
    """The file is replaced, so a link that someone put there is not written through."""
    victim = tmp_path / "victim"
    victim.write_text('{"format": "tenfold-keys/1", "keys": [\n]}\n')
    victim.chmod(0o600)
    (tmp_path / "keys.json").symlink_to(victim)
    key_file.change(tmp_path / "keys.json", lambda known: [*known, key_file.new_key("x", ["read"])[0]])
    assert len(victim.read_text().splitlines()) == 2
