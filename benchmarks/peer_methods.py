"""The usual alternatives to this detector, as a user would write them, for benchmarks/peers.py.

Each sees the features that this detector computes.

* one feature: the best threshold on one feature (a trivial baseline, D'hooge et al. 2023)
* thresholds: fixed rules of the kind that intrusion detection systems ship with
* isolation forest: scikit-learn's, on facts of single flows, fitted on ordinary flows only
* random forest, random split: on facts of single flows, as most papers do; judged on flows of the same captures
* random forest, held out: the same, judged on other origins
* autoencoders: an ensemble over windows around hosts, fitted on ordinary traffic (after Kitsune, Mirsky et al. 2018)
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

from contract.families import BENIGN, UNKNOWN
from detector.baseline import best_rule
from detector.features import NAMES
from detector.training import Source, thin

Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.str_]
FLOW: Final = [n for n, name in enumerate(NAMES) if name.startswith(("flow_", "is_", "tcp_", "icmp_", "size_"))]
WINDOWS: Final = ("src_", "dst_", "service_", "pair_", "conversation_")
SPARED: Final = 0.01  # share of ordinary training flows that an outlier method may flag
TREES: Final = 100


@dataclass(frozen=True)
class Said:
    """What a method says of every flow of one source: an attack or not, and which family ('' where it has no names)."""

    source: Source
    last: npt.NDArray[np.int64]  # (flows,) the last look at each flow
    flagged: Flags  # (flows,)
    family: Words | None = None


Method = Callable[[Source], Said]


def last_looks(source: Source) -> npt.NDArray[np.int64]:
    """The row of the last look at each flow."""
    flows, first = np.unique(source.flow[::-1], return_index=True)
    return np.asarray(len(source) - 1 - first[: len(flows)], np.int64)


def by_flow(source: Source, looks: Flags) -> Flags:
    """Whether any look at a flow was flagged, in the order of ``last_looks``."""
    _, flow = np.unique(source.flow, return_inverse=True)
    found = np.zeros(int(flow.max()) + 1 if len(flow) else 0, np.bool_)
    np.logical_or.at(found, flow, looks)
    return found


def ordinary(sources: Sequence[Source], rows: int = 400) -> list[Source]:
    """Ordinary looks of these sources, thinned, so that no capture dominates."""
    thinned = [thin(source, 1, rows) for source in sources]
    return [s for s in thinned if (s.families == BENIGN).any()]


def one_feature(others: Sequence[Source]) -> Method:
    """The best threshold on one feature."""
    rule = best_rule([thin(source, 1) for source in others])
    return lambda source: Said(source, last_looks(source), by_flow(source, rule.says(source.matrix)))


RULES: Final[dict[str, dict[str, tuple[float, float]]]] = {  # feature: least, most; in plain units
    "syn_flood": {"is_tcp": (1, 1), "dst_starts_1s": (100, np.inf), "dst_half_open_10s": (0.8, 1)},
    "udp_flood": {"is_udp": (1, 1), "dst_packets_fwd_1s": (1000, np.inf)},
    "icmp_flood": {"is_icmp": (1, 1), "dst_packets_fwd_1s": (100, np.inf)},
    "http_flood": {"app_http": (1, 1), "conversation_starts_10s": (200, np.inf)},
    "port_scan": {"pair_ports_60s": (25, np.inf), "src_unanswered_60s": (0.5, 1)},
    "host_sweep": {"src_peers_60s": (25, np.inf), "src_unanswered_60s": (0.5, 1)},
    "ssh_bruteforce": {"app_ssh": (1, 1), "conversation_starts_60s": (10, np.inf)},
    "ftp_bruteforce": {"app_banner": (1, 1), "conversation_starts_60s": (10, np.inf)},
    "telnet_bruteforce": {"app_telnet": (1, 1), "conversation_starts_60s": (10, np.inf)},
    "web_attack": {"sign_count": (2, np.inf)},
    "dns_tunnel": {"src_dns_600s": (50, np.inf), "dns_name_length": (60, np.inf)},
    "arp_spoofing": {"is_arp": (1, 1), "arp_mac_changes": (1, np.inf)},
}
_SHARES: Final = ("unanswered", "half_open", "is_", "app_", "sign_count")


def fixed_rules(_others: Sequence[Source]) -> Method:
    """Rules with fixed numbers."""
    return _by_rules


def _by_rules(source: Source) -> Said:
    looks = np.zeros(len(source), np.bool_)
    words = np.full(len(source), "", "<U32")
    for family, bounds in RULES.items():
        met = np.ones(len(source), np.bool_)
        for name, (least, most) in bounds.items():
            values = source.matrix[:, NAMES.index(name)]
            values = values if any(part in name for part in _SHARES) else np.expm1(values)
            met &= (values >= least - 1e-3) & (values <= most + 1e-3)
        looks |= met
        words[met] = family
    return Said(source, last_looks(source), by_flow(source, looks), _word_of_flow(source, words))


def _word_of_flow(source: Source, words: Words) -> Words:
    _, flow = np.unique(source.flow, return_inverse=True)
    found = np.full(int(flow.max()) + 1 if len(flow) else 0, "", "<U32")
    for look in np.flatnonzero(words != ""):
        found[flow[look]] = words[look]
    return found


def isolation(others: Sequence[Source]) -> Method:
    """Isolation forest over facts of single flows."""
    rows = [s.matrix[last_looks(s)][s.families[last_looks(s)] == BENIGN][:, FLOW] for s in ordinary(others)]
    forest = IsolationForest(n_estimators=TREES, contamination=SPARED, random_state=1).fit(np.concatenate(rows))

    def method(source: Source) -> Said:
        last = last_looks(source)
        return Said(source, last, forest.predict(source.matrix[last][:, FLOW]) < 0)

    return method


def forest_held_out(others: Sequence[Source]) -> Method:
    """Random forest over facts of single flows, fitted on other origins."""
    rows, words = _flows_of(others)
    forest = RandomForestClassifier(n_estimators=TREES, random_state=1, n_jobs=1).fit(rows, words)
    return lambda source: _predicted(source, last_looks(source), forest)


def _predicted(source: Source, rows: npt.NDArray[np.int64], forest: RandomForestClassifier) -> Said:
    said = forest.predict(source.matrix[rows][:, FLOW]).astype("<U32") if len(rows) else np.zeros(0, "<U32")
    return Said(source, rows, said != BENIGN, np.where(said == BENIGN, "", said))


def _flows_of(sources: Sequence[Source]) -> tuple[npt.NDArray[np.float32], Words]:
    thinned = [thin(s, 1, 400) for s in sources]
    last = [last_looks(s) for s in thinned]
    return (
        np.concatenate([s.matrix[at][:, FLOW] for s, at in zip(thinned, last, strict=True)]),
        np.concatenate([s.families[at] for s, at in zip(thinned, last, strict=True)]),
    )


def forest_random_split(sources: Sequence[Source]) -> list[Said]:
    """The same over a random half of the flows of all captures, judged on the other half."""
    rng = np.random.default_rng(1)
    lasts = [last_looks(s) for s in sources]
    half = [rng.random(len(at)) < 0.5 for at in lasts]
    known = [s.families[at] != UNKNOWN for s, at in zip(sources, lasts, strict=True)]
    rows = np.concatenate([s.matrix[a[h & k]][:, FLOW] for s, a, h, k in zip(sources, lasts, half, known, strict=True)])
    words = np.concatenate([s.families[a[h & k]] for s, a, h, k in zip(sources, lasts, half, known, strict=True)])
    forest = RandomForestClassifier(n_estimators=TREES, random_state=1, n_jobs=1).fit(rows, words)
    return [_predicted(source, at[~h], forest) for source, at, h in zip(sources, lasts, half, strict=True)]


def autoencoders(others: Sequence[Source]) -> Method:
    """A small autoencoder a kind of window, and one over their errors; what is rebuilt badly is an anomaly."""
    rows = np.concatenate([s.matrix[s.families == BENIGN] for s in ordinary(others, 200)])
    parts = []
    for prefix in WINDOWS:
        columns = [n for n, name in enumerate(NAMES) if name.startswith(prefix)]
        scaler = StandardScaler().fit(rows[:, columns])
        parts.append((columns, scaler, _autoencoder(scaler.transform(rows[:, columns]), max(4, len(columns) // 4))))

    def errors(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        shown = [_error(net, np.clip(scaler.transform(matrix[:, own]), -50, 50)) for own, scaler, net in parts]
        return np.stack(shown, 1)

    scaler = StandardScaler().fit(errors(rows))
    last = _autoencoder(scaler.transform(errors(rows)), 3)
    bar = np.quantile(_error(last, scaler.transform(errors(rows))), 1 - SPARED)

    def method(source: Source) -> Said:
        looks = _error(last, np.clip(scaler.transform(errors(source.matrix)), -50, 50)) > bar
        return Said(source, last_looks(source), by_flow(source, looks))

    return method


def _autoencoder(rows: npt.NDArray[np.float64], width: int) -> MLPRegressor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a few epochs, as in the paper
        return MLPRegressor(hidden_layer_sizes=(width,), max_iter=12, random_state=1).fit(rows, rows)


def _error(network: MLPRegressor, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = np.sqrt(((network.predict(rows).reshape(rows.shape) - rows) ** 2).mean(axis=1))
    return found


METHODS: Final[dict[str, Callable[[Sequence[Source]], Method]]] = {
    "one feature": one_feature,
    "thresholds": fixed_rules,
    "isolation forest": isolation,
    "random forest, held out": forest_held_out,
    "autoencoders": autoencoders,
}
