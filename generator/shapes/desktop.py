"""What somebody does at a distant screen: keys, the mouse, windows that open, films, and doing nothing.

``acts`` tells sizes and times apart from what carries them, so that RDP, VNC and relayed tools share one behaviour.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from generator.conversation import Conversation
from generator.shapes.smb import Turn

UP: Final = True
DOWN: Final = False


class Act(NamedTuple):
    """After ``think`` seconds one side says something: ``size`` bytes of ``what`` (key, mouse, screen)."""

    think: float
    up: bool
    what: str
    size: int


def play(conversation: Conversation, turns: list[Turn], rng: np.random.Generator, pace: float = 0.002) -> Conversation:
    """Turns of a protocol one after the other, each answered after a little time."""
    for asked, told in turns:
        conversation.client(asked, think=pace * float(rng.uniform(0.5, 2)))
        if told:
            conversation.server(told, think=float(rng.lognormal(-6.5, 0.8)))
    return conversation


def acts(rng: np.random.Generator, episodes: int, most: int) -> Iterator[Act]:
    """A session of so many episodes; a screen that changes wholly weighs up to ``most`` bytes."""
    for _ in range(episodes):
        kind = rng.choice(5, p=(0.32, 0.28, 0.22, 0.06, 0.12))
        pause = float(rng.lognormal(0.0, 0.9))
        if kind == 0:  # a line of text
            for key in range(int(rng.integers(4, 16))):
                yield Act(pause if key == 0 else float(rng.uniform(0.07, 0.35)), UP, "key", 8)
                if rng.random() < 0.7:
                    yield Act(float(rng.uniform(0.004, 0.04)), DOWN, "screen", int(rng.integers(90, 700)))
        elif kind == 1:  # the mouse crosses the screen
            gap = float(rng.uniform(0.008, 0.06))
            for move in range(int(rng.integers(6, 24))):
                yield Act(pause if move == 0 else gap, UP, "mouse", 6)
                if move % 5 == 4:
                    yield Act(0.002, DOWN, "screen", int(rng.integers(60, 1200)))
        elif kind == 2:  # a click opens something
            yield Act(pause, UP, "mouse", 6)
            left = int(np.clip(rng.lognormal(np.log(most / 4), 0.9), 2_000, most))
            while left > 0:
                piece = min(left, int(rng.integers(2_000, 16_000)))
                yield Act(float(rng.lognormal(-4.5, 0.9)), DOWN, "screen", piece)
                left -= piece
        elif kind == 3:  # something moves all the time
            for frame in range(int(rng.integers(8, 20))):
                think = pause if frame == 0 else float(rng.uniform(0.03, 0.07))
                yield Act(think, DOWN, "screen", int(rng.integers(800, 5000)))
        else:
            yield Act(float(rng.uniform(2.0, 12.0)), UP, "mouse", 6)
            yield Act(0.01, DOWN, "screen", int(rng.integers(60, 400)))
