"""Features of drift in words that a person at the wall knows."""

from __future__ import annotations

import pytest

from detector.drift_words import direction, figure, in_words
from detector.features import NAMES


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("src_peers_10s", "different hosts of one source within 10 s"),
        ("dst_starts_1s", "new connections at one destination within 1 s"),
        ("service_half_open_600s", "half-open connections at one service within ten minutes"),
        ("flow_payload_share_bwd", "packets with data from the server in one connection"),
        ("is_udp", "UDP among connections"),
        ("unreachable", "unreachable"),
    ],
)
def test_features_in_words(name: str, words: str) -> None:
    assert in_words(name) == words


def test_every_feature_has_words_and_none_the_same() -> None:
    told = [in_words(name) for name in NAMES]
    assert not [words for words in told if "_" in words or not words.strip()]
    assert len(set(told)) == len(told), sorted({words for words in told if told.count(words) > 1})


def test_means_are_told_as_people_count() -> None:
    assert figure("src_starts_10s", 3.367296) == "28"
    assert figure("src_starts_10s", 0.6931472) == "1.0"
    assert figure("src_starts_10s", -1.0) == "0.0"
    assert figure("is_udp", 0.124) == "12 of 100"
    assert figure("src_half_open_10s", 0.314) == "0.31"
    assert figure("pair_starts_to_dst", 0.0) == "1"


def test_a_mean_is_more_less_or_otherwise() -> None:
    assert [direction(value, 1.0, 2.0) for value in (0.5, 1.5, 2.5)] == ["less", "spread otherwise", "more"]
