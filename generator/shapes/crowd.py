"""Who does what how often: uneven shares, running numbers, source ports and rhythms, all as arrays over attempts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from contract.jit import kernel
from generator.world import Addresses, World

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Number = Any  # an integer in a kernel
SECOND = 1_000_000_000


def uneven(rng: np.random.Generator, count: int, evenness: float = 1.0) -> Floats:
    """Shares that sum to one. ``evenness`` 0.3 lets a few do most, 10 makes all nearly equal."""
    shares: Floats = rng.gamma(evenness, 1.0, count) + 1e-9
    shares /= shares.sum()
    return shares


def rate(intended: Ints) -> float:
    """Attempts per second over the time that they span (at least one second)."""
    if len(intended) < 2:
        return float(len(intended))
    return len(intended) / max(float(intended[-1] - intended[0]) / SECOND, 1.0)


def planned_rate(world: World) -> float:
    """Attempts a second that the workload plans for this family on average, known before the attempts are."""
    workload = world.workload
    mine = sum(share.weight for share in (*workload.attacks, *workload.benign) if share.family == world.family)
    attack = any(share.family == world.family for share in workload.attacks)
    shares, curve = (workload.attacks, workload.curve) if attack else (workload.benign, workload.benign_curve)
    everything = sum(share.weight for share in shares)
    seconds = np.linspace(0.0, workload.duration_s, 101)
    rates = np.interp(seconds, [point[0] for point in curve], [point[1] for point in curve])
    return float(rates.mean()) * mine / everything if everything else 0.0


def headcount(rng: np.random.Generator, per_second: float, each: tuple[float, float], limits: tuple[int, int]) -> int:
    """How many sources make up ``per_second`` when each does between ``each[0]`` and ``each[1]`` a second."""
    pace = float(np.exp(rng.uniform(np.log(each[0]), np.log(each[1]))))
    return int(np.clip(round(per_second / pace), limits[0], limits[1]))


def ordinals(groups: npt.NDArray[np.integer]) -> Ints:
    """For every row, how many earlier rows have the same group."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = (
        np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(groups) else np.zeros(0, np.int64)
    )
    running = np.arange(len(groups), dtype=np.int64)
    lengths = np.diff(np.append(starts, len(groups)))
    result = np.empty(len(groups), np.int64)
    result[order] = running - np.repeat(starts, lengths)
    return result


def spell(
    rng: np.random.Generator, intended: Ints, count: int, low: float = 0.3, high: float = 1.0
) -> tuple[Ints, Ints]:
    """When each of ``count`` actors is active, start and end: shares ``low`` to ``high`` of the time spanned."""
    first, last = (int(intended[0]), int(intended[-1])) if len(intended) else (0, 0)
    span = last - first
    lasts = (rng.uniform(low, high, count) * span).astype(np.int64)
    starts = first + (rng.random(count) * (span - lasts)).astype(np.int64)
    return starts, starts + lasts


def assign(rng: np.random.Generator, intended: Ints, weights: Floats, spells: tuple[Ints, Ints] | None = None) -> Ints:
    """An actor for every attempt, by weight among those active at that time (all of them where none is)."""
    uniform = rng.random(len(intended))
    if spells is None:
        return np.searchsorted(np.cumsum(weights)[:-1], uniform, side="right").astype(np.int64)
    return _assign(np.ascontiguousarray(intended), uniform, weights, spells[0], spells[1])


@kernel
def _assign(intended: Ints, uniform: Floats, weights: Floats, starts: Ints, ends: Ints) -> Ints:
    result = np.empty(len(intended), np.int64)
    for i in range(len(intended)):
        total = 0.0
        for j in range(len(weights)):
            if starts[j] <= intended[i] <= ends[j]:
                total += weights[j]
        anyone = total == 0.0
        target = uniform[i] * (weights.sum() if anyone else total)
        chosen = len(weights) - 1
        for j in range(len(weights)):
            if anyone or starts[j] <= intended[i] <= ends[j]:
                chosen = j
                target -= weights[j]
                if target < 0.0:
                    break
        result[i] = chosen
    return result


def beats(
    intended: Ints, clan: Ints, periods: Ints, jitter: Floats, noise: Floats, most: Ints | None = None
) -> tuple[Ints, Ints]:
    """Give intended times a rhythm: ``(times, actor)``.

    Each attempt belongs to a clan whose members act every ``periods[clan]`` ns, less up to the share ``jitter[clan]``.
    An attempt becomes the beat of the member that has been due longest, at its due time; where none is due yet, a new
    member joins at the intended time. So the rate follows the plan while each actor keeps its own rhythm. A clan that
    has its ``most`` members lets the next of them act when it is due, unless that is two periods or more away or
    after the last attempt.
    """
    limit = np.full(len(periods), len(intended), np.int64) if most is None else np.asarray(most, np.int64)
    times, joined = _beats(np.ascontiguousarray(intended), clan, periods, jitter, noise, limit)
    # actors are numbered in the order in which they join
    return times, np.searchsorted(np.unique(joined), joined).astype(np.int64)


@kernel
def _beats(intended: Ints, clan: Ints, periods: Ints, jitter: Floats, noise: Floats, most: Ints) -> tuple[Ints, Ints]:
    count = len(intended)
    times, due = np.empty(count, np.int64), np.empty(count, np.int64)
    joined = np.empty(count, np.int64)  # the row with which this row's actor came
    heap = np.empty(count, np.int64)  # the last rows of one clan's members, who is due first on top
    for c in range(len(periods)):
        size = 0
        for i in range(count):
            if clan[i] != c:
                continue
            node = heap[0] if size else np.int64(-1)
            full = size > 0 and size >= most[c] and due[node] <= intended[-1]
            full = full and due[node] - intended[i] < 2 * periods[c]
            acts = size > 0 and (full or due[node] <= intended[i])
            times[i] = due[node] if acts and intended[i] - due[node] < 2 * periods[c] else intended[i]
            joined[i] = joined[node] if acts else i
            due[i] = times[i] + np.int64(periods[c] * (1.0 - jitter[c] * noise[i]))
            if acts:
                _sink(heap, size, due, i)
            else:
                size += 1
                _rise(heap, size, due, i)
    return times, joined


@kernel
def _before(due: Ints, a: Number, b: Number) -> Number:
    return due[a] < due[b] or (due[a] == due[b] and a < b)


@kernel
def _rise(heap: Ints, size: Number, due: Ints, row: Number) -> None:
    """Put a row into a heap that has just grown to ``size``."""
    at = size - 1
    while at > 0 and _before(due, row, heap[(at - 1) // 2]):
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = row


@kernel
def _sink(heap: Ints, size: Number, due: Ints, row: Number) -> None:
    """Put a row in place of the top."""
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and _before(due, heap[child + 1], heap[child]):
            child += 1
        if not _before(due, heap[child], row):
            break
        heap[at] = heap[child]
        at = child
    heap[at] = row


def by_actor(world: World, actor: Ints, src: Addresses, dst: Addresses) -> tuple[Addresses, Addresses]:
    """Give a share of the actors IPv6 in all that they do (give ``ipv6=False`` to ``Attempts.of`` afterwards)."""
    count = int(actor.max()) + 1 if len(actor) else 0
    six = (world.rng.random(count) < world.ipv6_share)[actor] if count else np.zeros(0, np.bool_)
    src, dst = src.copy(), dst.copy()
    if six.any():
        src[six], dst[six] = world.layout.twins(src[six]), world.layout.twins(dst[six])
    return src, dst


def villains(world: World, count: int) -> Addresses:
    """``count`` addresses that belong to this family's attackers alone (some thousands at most)."""
    pool = np.concatenate([world.attackers, world.spoofed])
    return pool[world.rng.permutation(len(pool))[: max(min(count, len(pool)), 1)]]


def gang(world: World, intended: Ints, each: tuple[float, float], limits: tuple[int, int]) -> Addresses:
    """The attackers of a campaign: in two of five one alone, else as many as the rate needs (see ``headcount``).

    The parameter ``attackers`` tells the number. Real captures mostly hold one attacker, or a whole botnet.
    """
    told, alone = world.params.get("attackers"), world.rng.random() < 0.4
    count = headcount(world.rng, rate(intended), each, limits)
    return villains(world, int(told) if told is not None else limits[0] if alone else count)


def distances(world: World, count: int) -> Ints:
    """Round trips of ``count`` attackers in ns: in three of ten campaigns they stand in the same network."""
    near, far = world.lan_rtt(count), world.rtt(count)
    return near if world.rng.random() < 0.3 else far


def infected(world: World, actor: Ints, enough: int = 3) -> Addresses:
    """The host of every row's actor: infected ones, or half of the inside where there are too many actors for those."""
    actors = int(actor.max()) + 1 if len(actor) else 1
    pool = world.infected
    if actors > enough * len(pool):
        pool = world.some(world.inside, max(len(pool), len(world.inside) // 2), max(len(pool), len(world.inside) // 2))
    return pool[actor % len(pool)]
