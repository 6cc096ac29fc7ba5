from __future__ import annotations

import json

from campaign.outputs import beside, configured, states
from store.formats.base import Origin
from store.writer import StoreWriter
from tests.store.helpers import alert

FILE = """
[[outputs]]
kind = "eve_file"
name = "file"
path = "eve.json"

[[outputs]]
kind = "webhook"
name = "hook"
url = "https://soc.example/in"
secret_file = "hook.key"
"""


def test_files_with_secrets_are_found_beside_the_configuration(tmp_path):
    path = tmp_path / "tenfold.toml"
    path.write_text(FILE)
    file, hook = configured(path)
    assert (file["path"], hook["secret_file"]) == ("eve.json", str(tmp_path / "hook.key"))
    assert configured(None) == []
    assert configured(path, "") == []


def test_what_is_seen_beside_a_follower_is_delivered_when_the_block_ends(tmp_path):
    path, store = tmp_path / "tenfold.toml", tmp_path / "store"
    path.write_text(FILE.partition('[[outputs]]\nkind = "webhook"')[0])
    with beside(configured(path), store, Origin("r", test=True)), StoreWriter(store) as writer:
        writer.commit(alerts=[alert(1), alert(2)])
        while not (store / "eve.json").is_file():  # the process is there and follows
            pass
        writer.commit(alerts=[alert(3)])
    events = [json.loads(line) for line in (store / "eve.json").read_text().splitlines()]
    assert [event["alert"]["context"]["tenfold"]["alert_id"] for event in events] == [1, 2, 3]
    [state] = states(store)
    assert (state["output"], state["state"], state["counts"]["delivered"]) == ("file", "ended", 3)
