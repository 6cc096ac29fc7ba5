from __future__ import annotations

import hashlib

from detector.model import DEFAULT


def test_the_card_is_of_the_model_that_ships(client):
    found = client.get("/v1/model").json()
    assert found["sha256"] == hashlib.sha256(DEFAULT.read_bytes()).hexdigest()
    assert "syn_flood" in found["attacks"]
    assert found["card"]["limits"]
