from __future__ import annotations

import pytest

from generator import params, registry
from generator.params import accepted


def test_what_families_ask_for_is_found_without_importing_them() -> None:
    assert "spoofed" in accepted("syn_flood")
    assert set(accepted("ssh_bruteforce")) >= {"victims", "port"}, "through a shared function"
    assert "surge" in accepted("flash_crowd")
    assert accepted("ntp_sync") == ()
    with pytest.raises(KeyError):
        accepted("nonsense")


@pytest.mark.parametrize("name", sorted(registry.names()))
def test_every_family_can_be_read(name: str) -> None:
    assert all(word.isidentifier() for word in accepted(name))


SOURCE = """
from generator.shapes import http as web
from generator.shapes.made_up import chosen

PARAMS = {"listed": "what it says"}

def attempts(intended, world):
    a = world.params.get("plain", 1)
    b = world.params["taken"] if "tested" in world.params else None
    c = chosen(world, "by_argument", 3)
    d = chosen(world, name="by_word")
    e = other(world)
    return {"not": a}.get("one")

def other(world):
    return world.params.get("elsewhere")
"""
SHARED = """
def chosen(world, name, usual=None):
    return helper(world) or world.params.get(name, usual)

def helper(world):
    return world.params.get("deeper")

def unused(world):
    return world.params.get("never")
"""


def test_every_way_of_asking_counts(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("mine", SOURCE), ("generator/shapes/made_up", SHARED), ("generator/shapes/http", "")):
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(params, "_ROOT", tmp_path)
    monkeypatch.setattr(params.registry, "names", lambda: {"mine": "mine"})
    for cached in (params.accepted, params._tree, params._imports, params._functions):
        cached.cache_clear()
    try:
        assert accepted("mine") == (
            "by_argument", "by_word", "deeper", "elsewhere", "listed", "plain", "taken", "tested",
        )  # fmt: skip
    finally:
        for cached in (params.accepted, params._tree, params._imports, params._functions):
            cached.cache_clear()
