"""Many small randomised worlds to train on: each has its own network, rates and mixture, all drawn from one seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign.labels import family_per_flow
from contract.families import catalogue
from contract.schemas import TRUTH
from detector.looks import Looks, looks
from detector.training import Source, thin
from generator.registry import families
from generator.traffic import chunks
from generator.workload import Share, Workload

_ATTEMPTS: Final = 9_000  # of a world at most: enough to learn from, seconds to make
_ROWS: Final = 180  # looks kept of one family in one world

# attempts a second (least, most) and seconds (least, most) of a family's worlds; drawn log-uniformly
_RATES: Final[Mapping[str, tuple[float, float, float, float]]] = {
    "syn_flood": (40, 90_000, 4, 20),
    "ack_flood": (40, 40_000, 4, 20),
    "udp_flood": (20, 90_000, 4, 20),
    "icmp_flood": (20, 6000, 4, 20),
    "reflection_amplification": (20, 90_000, 4, 20),
    "http_flood": (0.5, 400, 8, 90),
    "slowloris": (0.8, 60, 30, 120),
    "port_scan": (0.3, 20_000, 8, 200),
    "host_sweep": (0.5, 3000, 8, 200),
    "web_scan": (0.3, 120, 20, 90),
    "web_attack": (0.05, 12, 20, 300),
    "dns_tunnel": (0.4, 60, 20, 120),
    "exfiltration": (0.02, 8, 60, 600),
    "arp_spoofing": (0.05, 8, 20, 200),
    "c2_beacon": (0.03, 8, 120, 900),
}
_OTHERS: Final = (0.15, 20, 30, 180)
_BENIGN_RATE: Final = (1.0, 40.0)  # conversations a second


@dataclass(frozen=True)
class Recipe:
    """One world: its number, the family that it is there for ('' for none), and its workload."""

    number: int
    family: str
    workload: Workload

    @property
    def name(self) -> str:
        """Name of the world as a source."""
        return f"world-{self.number:03d}" + (f"-{self.family}" if self.family else "-benign")


def recipes(count: int, seed: int) -> list[Recipe]:
    """``count`` worlds: each attack family of the generator in turn, one in eight a world without any attack."""
    attacks = sorted(name for name in families() if catalogue()[name].attack)
    benign = sorted(name for name in families() if not catalogue()[name].attack)
    found = []
    turn = 0
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        family = ""
        if number % 8 != 7:
            family, turn = attacks[turn % len(attacks)], turn + 1
        found.append(Recipe(number, family, _workload(rng, family, attacks, benign)))
    return found


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def pace(rng: np.random.Generator, family: str) -> tuple[float, float]:
    """Attempts a second and seconds of a world of this family."""
    least, most, short, long = _RATES.get(family, _OTHERS)
    rate = _between(rng, least, most)
    return rate, max(min(_between(rng, short, long), _ATTEMPTS / rate), 0.2)


def _workload(rng: np.random.Generator, family: str, attacks: list[str], benign: list[str]) -> Workload:
    rate, seconds = pace(rng, family) if family else (0.0, _between(rng, *_OTHERS[2:]))
    shares: tuple[Share, ...] = (Share(family, 1.0),) if family else ()
    if family and rng.random() < 0.3:  # two attacks at once: what surrounds a flow may be another's doing
        shares += (Share(str(rng.choice(attacks)), float(rng.uniform(0.02, 0.4))),)
    ordinary = tuple(Share(name, float(rng.gamma(0.6))) for name in benign if rng.random() < 0.4)
    ordinary = ordinary or (Share(benign[0], 1.0),)
    background = min(_between(rng, *_BENIGN_RATE), 1500.0 / seconds)
    if not family and "flash_crowd" in benign:
        ordinary += (Share("flash_crowd", float(rng.uniform(0.5, 20.0))),)
        background *= float(rng.uniform(1.0, 4.0))
    return Workload(
        seed=int(rng.integers(1 << 40)),
        duration_s=seconds,
        curve=((0.0, rate),),
        attacks=shares,
        benign=ordinary,
        benign_curve=((0.0, background),),
        sites=int(rng.integers(1, 60)),
        clients=int(rng.integers(4, 800)),
        ipv6_share=float(rng.choice([0.0, 0.1, 0.4])),
        # Ordinary traffic that comes and goes with the attack, in the same bursts: being fast tells nothing then.
        match="shape" if family and rng.random() < 0.25 else "",
        arrivals=str(rng.choice(["poisson", "mmpp", "pareto_on_off"], p=[0.6, 0.2, 0.2])),
    )


def source_of(recipe: Recipe, seed: int) -> Source:
    """Make the world, meter it, and label its looks; at most ``_ROWS`` of each family are kept."""
    truth: list[pa.RecordBatch] = []

    def frames() -> Iterator[pa.RecordBatch]:
        for chunk in chunks(recipe.workload):
            truth.append(chunk.truth)
            yield chunk.frames

    seen = looks(frames())
    labels = family_per_flow(seen.flows, pa.Table.from_batches(truth, TRUTH).unify_dictionaries())
    return thin(label(recipe.name, "world", recipe.name, seen, labels), seed, _ROWS)


def label(name: str, kind: str, group: str, seen: Looks, labels: npt.NDArray[np.object_]) -> Source:
    """Put looks and the families of their flows together."""
    ids = seen.flows.column("flow_id").to_numpy()
    order = np.argsort(ids)
    row = order[np.searchsorted(ids[order], seen.flow_id)] if len(ids) else np.zeros(0, np.int64)
    return Source(name, kind, group, seen.matrix, labels[row].astype(str), seen.flow_id)
