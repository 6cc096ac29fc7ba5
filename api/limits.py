"""How much one key may ask: requests a second (a token bucket) and at once. Bounded: 2,000 keys."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final

_BURST_S: Final = 2.0
_MOST: Final = 2000


@dataclass
class Allowance:
    """What one key has left."""

    rate: float
    tokens: float
    filled: float
    open: int = 0

    @property
    def burst(self) -> float:
        """Requests that may come at once after a pause."""
        return max(1.0, self.rate * _BURST_S)


@dataclass(frozen=True)
class Taken:
    """Whether a request may pass; ``wait_s`` is 0 where it may, else after how long one may again."""

    wait_s: int
    headers: tuple[tuple[bytes, bytes], ...]
    why: str = ""


class Limits:
    """The allowances of all keys. Belongs to the event loop."""

    def __init__(self, rate: float, at_once: int) -> None:
        self._rate, self._at_once = rate, at_once
        self._keys: dict[str, Allowance] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def take(self, key_id: str, rate: float | None = None) -> Taken:
        """One request of that key. Whoever is let pass must ``give_back`` when it has ended."""
        now = time.monotonic()
        if len(self._keys) >= _MOST and key_id not in self._keys:
            self._prune()
        found = self._keys.get(key_id)
        if found is None or found.rate != (rate or self._rate):
            fresh = Allowance(rate or self._rate, 0, now, found.open if found else 0)
            fresh.tokens = fresh.burst
            found = self._keys[key_id] = fresh
        found.tokens = min(found.burst, found.tokens + (now - found.filled) * found.rate)
        found.filled = now
        if found.open >= self._at_once:
            return Taken(1, _headers(found), f"{self._at_once} requests of this key are open, which is the limit")
        if found.tokens < 1:
            wait = max(1, math.ceil((1 - found.tokens) / found.rate))
            return Taken(wait, _headers(found), f"this key may ask {found.rate:g} times a second")
        found.tokens -= 1
        found.open += 1
        return Taken(0, _headers(found))

    def give_back(self, key_id: str) -> None:
        """A request of that key has ended."""
        found = self._keys.get(key_id)
        if found is not None:
            found.open -= 1

    def _prune(self) -> None:
        """Keys come and go; of those that have nothing open none is remembered (a burst is forgiven)."""
        self._keys = {key_id: found for key_id, found in self._keys.items() if found.open}


def _headers(found: Allowance) -> tuple[tuple[bytes, bytes], ...]:
    """As draft-ietf-httpapi-ratelimit-headers has them: quota and window, what is left, seconds until it is full."""
    burst = int(found.burst)
    full_s = math.ceil((found.burst - found.tokens) / found.rate)
    policy = f'"key";q={burst};w={max(1, math.ceil(_BURST_S))}'
    left = f'"key";r={max(0, int(found.tokens))};t={full_s}'
    return (b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())
