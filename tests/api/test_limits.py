from __future__ import annotations

from api.limits import Limits


def test_a_key_gets_its_burst_and_then_waits():
    limits = Limits(rate=5.0, at_once=100)
    passed = [limits.take("a") for _ in range(10)]
    assert all(taken.wait_s == 0 for taken in passed)
    refused = limits.take("a")
    assert refused.wait_s == 1
    assert "5 times a second" in refused.why
    assert dict(refused.headers) == {b"ratelimit-policy": b'"key";q=10;w=2', b"ratelimit": b'"key";r=0;t=2'}
    assert limits.take("b").wait_s == 0


def test_so_many_at_once():
    limits = Limits(rate=1000.0, at_once=3)
    assert [limits.take("a").wait_s for _ in range(4)] == [0, 0, 0, 1]
    limits.give_back("a")
    assert limits.take("a").wait_s == 0


def test_a_key_may_have_its_own_rate():
    limits = Limits(rate=1000.0, at_once=100)
    assert [limits.take("a", 0.5).wait_s for _ in range(2)] == [0, 2]
    assert limits.take("a", 100.0).wait_s == 0  # changed in the file


def test_the_memory_is_bounded_and_what_is_open_stays():
    limits = Limits(rate=10.0, at_once=1)
    limits.take("busy")
    for number in range(10_000):
        limits.take(str(number))
        limits.give_back(str(number))
    assert len(limits) <= 2000
    assert limits.take("busy").wait_s == 1
