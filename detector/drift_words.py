"""Drift in words for whoever watches: which part of the traffic differs, without the names of features."""

from __future__ import annotations

from typing import Final

import numpy as np

from detector.features import FEATURES

_WORTH: Final = "expect more false alarms and missed attacks"
FEW: Final = "too little ordinary traffic yet to say whether this network is like those the detector learned from"
USUAL: Final = "this network is like those the detector learned from"
UNLIKE: Final = f"this network is unlike those the detector learned from: {_WORTH}"
UNSURE: Final = f"the detector is less sure of ordinary traffic here than where it learned: {_WORTH}"
_PLACES: Final = {
    "src": "of one source",
    "dst": "at one destination",
    "service": "at one service",
    "pair": "between two hosts",
    "conversation": "in conversations of two hosts",
    "mac": "of one network card",
    "flow": "in one connection",
    "tcp": "in one TCP connection",
    "dns": "in DNS",
    "arp": "in ARP",
    "icmp": "in ICMP",
    "is": "among connections",
    "app": "among connections",
    "port": "among connections",
    "sign": "in requests",
}
_WINDOWS: Final = {"1s": "within 1 s", "10s": "within 10 s", "60s": "within a minute", "600s": "within ten minutes"}
_SIDES: Final = {"fwd": "from the client", "bwd": "from the server"}
_WORDS: Final = {
    "starts": "new connections",
    "rate_change": "change in the rate of new connections",
    "unanswered": "connections without an answer",
    "refused": "refused connections",
    "packets": "packets",
    "packets_per_flow": "packets a connection",
    "bytes_per_packet": "bytes a packet",
    "packets_balance": "packets sent against received",
    "bytes_balance": "bytes sent against received",
    "payload_balance": "data sent against received",
    "packet_balance": "packets sent against received",
    "payload": "data",
    "payload_per_packet": "data a packet",
    "payload_share": "packets with data",
    "asked": "connections in which the client sends data",
    "told": "connections in which the server sends data",
    "half_open": "half-open connections",
    "open": "open connections",
    "odd": "connections whose beginning was not seen",
    "reply_first": "answers whose question was not seen",
    "http": "HTTP requests",
    "http_post": "HTTP posts",
    "http_errors": "HTTP errors",
    "peers": "different hosts",
    "ports": "different ports",
    "peers_per_start": "different hosts a connection",
    "ports_per_start": "different ports a connection",
    "messages": "different messages",
    "bursts": "bursts",
    "burst_gap": "time between bursts",
    "burst_gap_spread": "unevenness of the time between bursts",
    "burst": "bytes a burst",
    "burst_spread": "unevenness of bursts",
    "closed": "ended connections",
    "sent_mean": "bytes sent a connection",
    "sent_spread": "unevenness of bytes sent",
    "got_mean": "bytes received a connection",
    "got_spread": "unevenness of bytes received",
    "turns_mean": "turns a connection",
    "failed_ports": "ports that did not answer",
    "failed_peers": "hosts that did not answer",
    "failed_starts": "connections that failed",
    "failed_sources": "sources whose connections failed",
    "regularity": "regularity of bursts",
    "sameness": "sameness of connections",
    "held_silent": "connections that are held without an answer",
    "logins": "ended logins",
    "starts_to_dst": "share of the destination's connections",
    "starts_to_ports": "connections a port",
    "ports_to_starts": "ports a connection",
    "ports_to_peers": "ports a host",
    "name": "length of names",
    "dns": "DNS queries",
    "dns_change": "changing names in DNS",
    "dns_missing": "names that do not exist",
    "dns_name": "length of names in DNS",
    "dns_entropy": "randomness of names in DNS",
    "label_max": "longest label of a name",
    "rare_share": "queries of rare types",
    "iot": "ports of small devices",
    "udp": "UDP",
    "tcp": "TCP",
    "icmp": "ICMP",
    "arp": "ARP",
    "query": "signs of attacks in query strings",
}


def in_words(name: str) -> str:
    """A feature for people: ``src_peers_10s`` is ``different hosts of one source within 10 s``."""
    parts = name.split("_")
    window = _WINDOWS.get(parts[-1], "")
    if window:
        parts.pop()
    side = next((_SIDES[part] for part in parts if part in _SIDES), "")
    parts = [part for part in parts if part not in _SIDES]
    place = _PLACES.get(parts[0], "") if len(parts) > 1 else ""
    rest = "_".join(parts[1:] if place else parts)
    return " ".join(word for word in (_WORDS.get(rest, rest.replace("_", " ")), side, place, window) if word)


def figure(name: str, value: float) -> str:
    """A mean of a feature as people count: logarithms taken back, yes and no as so many of 100."""
    unit = next((feature.unit for feature in FEATURES if feature.name == name), "")
    if unit == "yes/no":
        return f"{100 * value:.0f} of 100"
    if unit != "ln":
        return f"{value:.2f}"
    if "_to_" in name:  # a difference of logarithms
        return f"{np.exp(value):.2g}"
    plain = max(float(np.expm1(min(value, 40.0))), 0.0)
    return f"{plain:.1f}" if plain < 10 else f"{plain:,.0f}"


def direction(value: float, low: float, high: float) -> str:
    """How a mean stands to those of training."""
    return "more" if value > high else "less" if value < low else "spread otherwise"
