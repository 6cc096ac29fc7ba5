"""Evidence in words: up to three sentences with an incident's own figures, the strongest first."""

from __future__ import annotations

from contract.families import group_of
from detector.facts import Facts

_MOST = 3


def sentences(facts: Facts) -> list[str]:
    """What speaks for this incident, in words that a person can check against the traffic."""
    group = group_of(facts.family)
    makers = {
        "dos": _flood,
        "recon": _scan,
        "credential": _guessing,
        "exploit": _exploit,
        "command_and_control": _command,
        "exfiltration": _leak,
        "local": _spoofing,
    }
    return [line for line in makers[group](facts) if line][:_MOST]


def count(number: int, one: str, many: str = "") -> str:
    """``1 port``, ``412 ports``, ``12,000 ports``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """A time span as people say it."""
    if seconds < 0.1:
        return f"{max(seconds * 1000, 0.1):.1f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def size(octets: float) -> str:
    """Bytes with a unit."""
    for unit in ("bytes", "kB", "MB"):
        if octets < 1000:
            return f"{octets:.0f} {unit}" if unit == "bytes" else f"{octets:.1f} {unit}"
        octets /= 1000
    return f"{octets:.1f} GB"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _silence(facts: Facts) -> str:
    unanswered, refused = facts.share(facts.unanswered), facts.share(facts.refused)
    parts = [f"{_percent(unanswered)} unanswered"] if unanswered >= 0.05 else []
    if refused >= 0.05:
        parts.append(f"{_percent(refused)} refused")
    return ", ".join(parts)


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _one_or_many(names: list[str], total: int, word: str, many: str = "") -> str:
    return names[0] if total == 1 and names else count(total, word, many)


def _flood(facts: Facts) -> list[str]:
    span = max(facts.seconds, 0.05)
    packets, octets = sum(facts.packets), sum(facts.bytes_)
    target = _one_or_many(facts.victims, facts.victims_total, "host")
    source = _one_or_many(facts.attackers, facts.attackers_total, "address", "addresses")
    lines = [
        f"{count(facts.flows, 'flow')} at {target} in {duration(facts.seconds)} from {source}",
        f"{count(packets, 'packet')}, {packets / span:,.0f} packets/s, {8 * octets / span / 1e6:.2f} Mbit/s",
    ]
    if facts.family == "reflection_amplification":
        lines.append(f"{size(max(facts.bytes_))} of answers against {size(min(facts.bytes_))} of requests seen")
    elif facts.family == "slowloris":
        lines.append(
            f"{count(facts.opened, 'connection')} opened and held with {packets / max(facts.flows, 1):.1f} packets each"
        )
    lines.append(_silence(facts))
    return lines


def _scan(facts: Facts) -> list[str]:
    span = duration(facts.seconds)
    hosts = count(facts.victims_total, "host")
    if facts.family == "web_scan":
        return [f"{count(facts.flows, 'web request flow')} to {hosts} in {span}", _silence(facts)]
    if facts.ports_total > facts.victims_total:
        first = f"{count(facts.ports_total, 'port')} of {'one host' if facts.victims_total == 1 else hosts} in {span}"
    else:
        first = f"{hosts} asked in {span}" + (f" on {count(facts.ports_total, 'port')}" if facts.ports_total else "")
    return [
        _join(first, _silence(facts)),
        f"{facts.rate:.1f} new flows a second, {sum(facts.packets) / max(facts.flows, 1):.1f} packets each",
        f"{count(facts.opened, 'connection')} opened" if facts.protocol == 6 else "",
    ]


def _rhythm(facts: Facts, word: str) -> str:
    if facts.gaps < 2 or facts.gap_mean <= 0:
        return ""
    return f"one {word} every {duration(facts.gap_mean)}, deviation {_percent(facts.gap_deviation / facts.gap_mean)}"


def _service(facts: Facts) -> str:
    host = facts.victims[0] if facts.victims else "one host"
    return f"{host} port {facts.ports[0]}" if facts.ports_total == 1 else host


def _guessing(facts: Facts) -> list[str]:
    return [
        f"{count(facts.flows, 'login session')} at {_service(facts)} in {duration(facts.seconds)}",
        (
            f"each of about {sum(facts.packets) / max(facts.flows, 1):.0f} packets and"
            f" {size(sum(facts.bytes_) / max(facts.flows, 1))}: too short for work, alike as tries are"
        ),
        _join(_rhythm(facts, "session"), _silence(facts)),
    ]


def _exploit(facts: Facts) -> list[str]:
    return [
        (
            f"{count(facts.flows, 'web conversation')} with {_one_or_many(facts.victims, facts.victims_total, 'host')}"
            " carry requests shaped like an attack"
        ),
        f"{size(facts.bytes_[0])} sent and {size(facts.bytes_[1])} received in {duration(facts.seconds)}",
    ]


def _command(facts: Facts) -> list[str]:
    if facts.family == "dns_tunnel":
        length = facts.name_bytes / max(facts.names, 1)
        return [
            f"{count(facts.names, 'name')} asked, {length:.0f} bytes long on average" if facts.names else "",
            f"{size(facts.bytes_[0])} asked and {size(facts.bytes_[1])} answered in {duration(facts.seconds)}",
            f"all through {_service(facts)}",
        ]
    if facts.family == "iot_botnet":
        return _scan(facts)
    flows = max(facts.flows, 1)
    return [
        _join(f"{count(facts.flows, 'contact')} with {_service(facts)}", _rhythm(facts, "contact")),
        f"{sum(facts.packets) / flows:.0f} packets and {size(sum(facts.bytes_) / flows)} a contact",
        f"goes on for {duration(facts.seconds)}",
    ]


def _leak(facts: Facts) -> list[str]:
    return [
        f"{size(facts.bytes_[0])} went out to {_service(facts)} against {size(facts.bytes_[1])} in",
        f"{count(sum(facts.packets), 'packet')} in {duration(facts.seconds)}",
        _rhythm(facts, "flow"),
    ]


def _spoofing(facts: Facts) -> list[str]:
    who = facts.mac or (facts.attackers[0] if facts.attackers else "one sender")
    claimed = count(facts.attackers_total, "address", "addresses")
    return [
        f"{who} claims {claimed} towards {count(facts.victims_total, 'host')}",
        f"{count(sum(facts.packets), 'ARP message')} in {duration(facts.seconds)}",
    ]
