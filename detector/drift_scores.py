"""How sure the model is of ordinary traffic: the distribution of its scores, here against training.

Features may look usual one by one while the model hesitates over them together. The *doubt* of a look that is called
ordinary is the probability that the model gives to any attack, 0 to 1. A network in training is told by three
quantiles of it, by a model that saw no capture of its origin, as the network that is watched is new to its model, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.errors import InputError

FORMAT: Final = "tenfold-drift-scores/1"
QUANTILES: Final = (0.5, 0.9, 0.99)
LEAST_ROWS: Final = 200  # looks from which a network's quantiles say something
_LEAST_NETWORKS: Final = 5
_EXPECTED: Final = 0.95  # share of networks in training whose doubt is usual
_MARGIN: Final = 0.02  # nothing is said of less than that beyond them

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScoreReference:
    """Quantiles of doubt (``QUANTILES``) of the networks in training, ``(S, 3)``, each 0 to 1."""

    networks: Floats

    @property
    def limits(self) -> Floats:
        """The doubt, by quantile, that 95 of 100 networks in training do not pass: ``(3,)``."""
        found: Floats = np.quantile(self.networks, _EXPECTED, axis=0)
        return found

    def as_dict(self) -> dict[str, Any]:
        """For the card."""
        return {
            "format": FORMAT,
            "quantiles": list(QUANTILES),
            "networks": np.round(self.networks, 3).tolist(),
        }

    @classmethod
    def from_card(cls, card: dict[str, Any]) -> ScoreReference | None:
        """The reference in a model's card; None where it has none. Raises ``InputError`` where it is damaged."""
        document = card.get("drift_scores")
        if document is None:
            return None
        try:
            networks = np.array(document["networks"], np.float64).reshape(-1, len(QUANTILES))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"the model's card holds a damaged reference of scores: {error!r}") from None
        return cls(networks) if len(networks) >= _LEAST_NETWORKS else None

    def report(self, doubts: npt.NDArray[np.float32]) -> dict[str, Any]:
        """What the doubts ``(n,)`` of ordinary looks say: their quantiles, those usual at most, and a word."""
        here, limits = np.quantile(doubts, QUANTILES), self.limits
        beyond = bool((here > limits + _MARGIN).any())
        at = int((here - limits).argmax())
        share = f"{100 * (1 - QUANTILES[at]):.0f} of 100 ordinary connections"
        word = "less sure than" if beyond else "as sure as"
        bounds = f"a chance of {here[at]:.0%} or more to be an attack ({limits[at]:.0%} is usual)"
        return {
            "unlike": beyond,
            "doubt": [round(float(value), 4) for value in here],
            "usual_at_most": [round(float(value), 4) for value in limits],
            "text": f"it is {word} where it learned: it gives {share} {bounds}",
        }


def build_scores(networks: Sequence[npt.NDArray[np.float32]]) -> ScoreReference | None:
    """A reference from the doubts of each network's ordinary looks; None where too few have enough of them."""
    enough = [doubts for doubts in networks if len(doubts) >= LEAST_ROWS]
    if len(enough) < _LEAST_NETWORKS:
        return None
    return ScoreReference(np.array([np.quantile(doubts, QUANTILES) for doubts in enough], np.float64))
