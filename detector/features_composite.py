"""Features made of others: what an analyst would combine. Each lets one split say what a tree needs many for.

A product of a logarithm and shares is near 0 unless all of it is there: many ports *and* no answers, many beats *and*
an even rhythm *and* equal sizes. A difference of logarithms is the logarithm of a ratio.
"""

from __future__ import annotations

from typing import Final

from contract.jit import kernel
from detector import features_flow, features_hosts, features_payload
from detector.features_flow import Row

_BASE: Final = features_flow.FLOW + features_payload.NAMES + features_hosts.NAMES

NAMES: Final = (
    "pair_failed_ports_60s",
    "pair_failed_ports_600s",
    "src_failed_peers_60s",
    "src_failed_peers_600s",
    "dst_failed_starts_1s",
    "dst_failed_sources_10s",
    "conversation_regularity",
    "service_regularity",
    "conversation_sameness",
    "service_sameness",
    "dst_ports_to_starts",
    "src_ports_to_peers",
    "pair_starts_to_ports",
    "pair_starts_to_dst",
    "service_held_silent",
    "conversation_odd_names",
    "src_missing_names",
    "conversation_logins",
)


def _at(name: str) -> int:
    return _BASE.index(name)


_PAIR_PORTS: Final = (_at("pair_ports_60s"), _at("pair_ports_600s"))
_PAIR_SILENT: Final = (_at("pair_unanswered_60s"), _at("pair_unanswered_600s"))
_PAIR_REFUSED: Final = (_at("pair_refused_60s"), _at("pair_refused_600s"))
_SRC_PEERS: Final = (_at("src_peers_60s"), _at("src_peers_600s"))
_SRC_SILENT: Final = (_at("src_unanswered_60s"), _at("src_unanswered_600s"))
_SRC_REFUSED: Final = (_at("src_refused_60s"), _at("src_refused_600s"))
_DST_SILENT: Final = _at("dst_unanswered_10s")
_DST_REFUSED: Final = _at("dst_refused_10s")
_DST_HALF_OPEN: Final = _at("dst_half_open_10s")
_DST_STARTS: Final = (_at("dst_starts_1s"), _at("dst_starts_10s"))
_DST_PEERS: Final = _at("dst_peers_10s")
_DST_PORTS: Final = _at("dst_ports_10s")
_SRC_PORTS: Final = _at("src_ports_60s")
_PAIR_STARTS: Final = (_at("pair_starts_10s"), _at("pair_starts_60s"))
_BURSTS: Final = (_at("conversation_bursts"), _at("service_bursts"))
_CLOSED: Final = (_at("conversation_closed"), _at("service_closed"))
_HELD: Final = _at("service_open_60s")
_TOLD: Final = _at("service_told_60s")
_NAME: Final = (_at("conversation_dns_name_600s"), _at("conversation_dns_entropy_600s"))
_CHANGE: Final = _at("conversation_dns_change_600s")
_MISSING: Final = (_at("src_dns_600s"), _at("src_dns_missing_600s"))
_LOGINS: Final = tuple(
    _at(f"app_{name}") for name in ("ssh", "banner", "telnet", "smb", "rdp", "login_words", "http_post")
)


@kernel
def composite(out: Row, at: int) -> int:
    """``NAMES`` from column ``at`` on, out of the columns before; returns the next column."""
    for w in range(2):
        # flows that began before the window may be refused in it: a share of more than 1
        out[at + w] = out[_PAIR_PORTS[w]] * min(max(out[_PAIR_SILENT[w]], out[_PAIR_REFUSED[w]], 0.0), 1.0)
        out[at + 2 + w] = out[_SRC_PEERS[w]] * min(max(out[_SRC_SILENT[w]], out[_SRC_REFUSED[w]], 0.0), 1.0)
        # the columns behind ``bursts``: gap, its spread, size forward, its spread; behind ``closed``: see _RHYTHM
        bursts, closed = _BURSTS[w], _CLOSED[w]
        even = max(1.0 - 1.5 * out[bursts + 2], 0.0) * max(1.0 - out[bursts + 4], 0.0)
        out[at + 6 + w] = out[bursts] * even if out[bursts + 1] >= 0 else 0.0
        alike = max(1.0 - out[closed + 2], 0.0) * max(1.0 - out[closed + 4], 0.0)
        out[at + 8 + w] = out[closed] * alike if out[closed + 2] >= 0 else 0.0
    failed = min(max(out[_DST_SILENT], out[_DST_REFUSED], out[_DST_HALF_OPEN], 0.0), 1.0)
    out[at + 4] = out[_DST_STARTS[0]] * failed
    out[at + 5] = out[_DST_PEERS] * failed
    out[at + 10] = out[_DST_PORTS] - out[_DST_STARTS[1]]
    out[at + 11] = out[_SRC_PORTS] - out[_SRC_PEERS[0]]
    out[at + 12] = out[_PAIR_STARTS[1]] - out[_PAIR_PORTS[0]]
    out[at + 13] = out[_PAIR_STARTS[0]] - out[_DST_STARTS[1]]
    out[at + 14] = out[_HELD] * max(1.0 - out[_TOLD], 0.0)
    out[at + 15] = out[_NAME[0]] * out[_NAME[1]] * out[_CHANGE]
    out[at + 16] = out[_MISSING[0]] * out[_MISSING[1]]
    login = 0.0
    for column in _LOGINS:
        login = max(login, out[column])
    out[at + 17] = login * out[_CLOSED[0]]
    return at + 18
