"""`tenfold keys` as a user meets it."""

from __future__ import annotations

import json

import pytest

from tests.cli.helpers import tenfold


def test_a_key_is_made_shown_once_listed_and_revoked(tmp_path):
    path = tmp_path / "keys.json"
    made = tenfold("keys", "add", "wall display", "--scopes", "read, operate", "--expires", "30d", "--keys", path)
    assert made.returncode == 0, made.stderr
    text = made.stdout.strip()
    assert text.startswith("tfk_")
    assert text not in made.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    listed = tenfold("keys", "list", "--keys", path)
    assert "wall display" in listed.stdout
    assert "read, operate" in listed.stdout
    assert text not in listed.stdout + path.read_text()
    (row,) = json.loads(tenfold("keys", "list", "--keys", path, "--json").stdout)["keys"]
    assert row["state"] == "good"
    assert row["expires"] > row["created"]
    revoked = tenfold("keys", "revoke", "wall display", "--keys", path, "--json")
    assert json.loads(revoked.stdout)["state"] == "revoked"
    again = tenfold("keys", "revoke", row["id"], "--keys", path)
    assert (again.returncode, len(again.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize("arguments", [
    ("add",), ("add", "x", "--scopes", "root"), ("add", "x", "--scopes", ""), ("add", "x", "--expires", "soon"),
    ("add", "x", "--expires", "2001-01-01"), ("revoke", "x"), ("revoke",), ("list",), ("burn", "x"),
])  # fmt: skip
def test_what_makes_no_sense_is_one_line_and_code_2(tmp_path, arguments):
    done = tenfold("keys", *arguments, "--keys", tmp_path / "none.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
