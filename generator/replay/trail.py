"""What reading a packet leaves behind: where addresses stand, and how packets lie in packets."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from contract.jit import lean_part
from generator.replay.octets import I64, Int

# What a site holds
V4: Final = 4
V6: Final = 6
PREFIX6: Final = 64  # of an IPv6 address the first half counts
MAC: Final = 48
SENDER4: Final = 44  # as V4, but 0.0.0.0 stays: an ARP probe (RFC 5227)

# Columns of a level
VERSION: Final = 0
HEADER: Final = 1  # where the IP header begins
BODY: Final = 2  # where the transport header begins
PROTOCOL: Final = 3
END: Final = 4  # where the packet ends by its own word; 0 where it gives none (segmentation offload)
PIECE: Final = 5  # 1: the first of several fragments, 2: a later one
COLUMNS: Final = 6
DEPTH: Final = 4
MOST_SITES: Final = 96

# Trail.state
SITES: Final = 0
LEVELS: Final = 1
WHOLE: Final = 2  # 1 where the transport header was captured as a whole
PAYLOAD: Final = 3  # where the innermost payload begins


class Trail(NamedTuple):
    """What ``walk`` found: sites as (offset, what), levels from the outermost in, and counts."""

    sites: I64  # (MOST_SITES, 2)
    levels: I64  # (DEPTH, COLUMNS)
    state: I64  # (4,)


def new_trail() -> Trail:
    """Room for one packet."""
    return Trail(np.zeros((MOST_SITES, 2), np.int64), np.zeros((DEPTH, COLUMNS), np.int64), np.zeros(4, np.int64))


@lean_part
def site(trail: Trail, at: Int, what: Int) -> None:
    n = trail.state[SITES]
    if n < MOST_SITES:
        trail.sites[n, 0] = at
        trail.sites[n, 1] = what
    trail.state[SITES] = n + 1
