"""An example to copy: printers that are asked for their toner. Say here what happens, how it varies, what it resembles.

Copy this file to ``generator/benign/<id>.py`` (the file's name is the family's id; a leading underscore, as here, keeps
a file out of the registry). Nothing else has to be edited: the scan finds it, ``tests/conformance`` holds it, the docs
table, the API and the page list it. A docstring like this one names the variants and the parameters: ``silent`` (share
of printers that are switched off, 0 to 1; else drawn from 0.05 to 0.3).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.world import Attempts, World

# A plain literal: read from the text, nobody has to import this file. The summary is one sentence with its full stop.
FAMILY = Family("benign", "Printer questions", "A print server asks printers on its network how they are.")

_ANSWERED, _SILENT = 8, 4


def _question(world: World, *, answered: bool) -> Conversation:
    """One variant. Everything random comes from ``world.rng``: the same seed gives the same bytes."""
    rng = world.rng
    # ``client_os`` and ``server_os`` name stacks of generator.habits; without a name usual ones are drawn.
    conversation = Conversation.tcp(world, client_os="linux", server_os="embedded")
    if not answered:
        # A host that is off: the SYN comes again after 1, 2 and 4 s.
        return conversation.send("S").repeat(think=1.0).repeat(think=2.0).repeat(think=4.0)
    conversation.open()
    for _ in range(int(rng.integers(1, 4))):
        # ``think`` is how long this side waits after it last heard or said something (seconds), on top of the round
        # trip; ``jitter`` the share by which that differs from attempt to attempt. ``Rand`` is fresh in every attempt.
        conversation.client([b"@PJL INFO STATUS ", Rand(6, "digits"), b"\r\n"], think=0.002, jitter=0.3)
        conversation.server(b"CODE=10001\r\nDISPLAY=READY\r\nONLINE=TRUE\r\n\x0c", think=float(rng.lognormal(-4, 1)))
    return conversation.close(world.pick(("fin", "server_fin", "rst")), think=0.01)


def conversations(world: World) -> list[Conversation]:
    """8 to 80 variants, small (all of a family together: at most 20,000 frames, 16 MB). ``attempts`` picks."""
    return [_question(world, answered=number < _ANSWERED) for number in range(_ANSWERED + _SILENT)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """One row for each time of ``intended`` (sorted, epoch ns): who talks to whom, on which port, by which variant.

    Use the world's pools: ``inside`` and ``sites`` are ours, ``clients`` anybody, ``outside_servers`` elsewhere. An
    empty and a single plan must work. Where a rhythm matters see ``shapes.crowd.beats``, for sessions of many minutes
    ``shapes.sessions``.
    """
    n, rng = len(intended), world.rng
    servers, printers = world.some(world.sites, 1, 2), world.some(world.inside, 5, 40)
    off = rng.random(len(printers)) < float(world.params.get("silent", rng.uniform(0.05, 0.3)))
    which = np.arange(n) % len(printers)  # one after the other, again and again
    variant = np.where(off[which], _ANSWERED + which % _SILENT, which % _ANSWERED)
    return Attempts.of(
        world,
        intended,
        src=world.draw(servers, n),
        dst=printers[which],
        dst_port=9100,
        template=variant,
        rtt_ns=world.lan_rtt(n),
    )
