"""What a report tells of attempts that were missed, and of ordinary traffic that was called an attack."""

from __future__ import annotations

from typing import Any, Final

_FLOWS: Final = 40  # of the largest missed ones
_REASONS: Final = {
    "not seen": "no flow carries it: its frames were lost, or never came",
    "allowed": "the configuration allows or mutes it",
    "suspected": "the classifier suspected an attack, but no incident reached its bar",
    "taken for ordinary": "the classifier took it for ordinary traffic",
    "no verdict": "its flow has no verdict",
}
Json = dict[str, Any]


def missed(card: Json, started: int) -> Json:
    """Missed attempts: how many, why by family, and examples with times in seconds of the run."""
    found = card.get("missed") or {"total": 0, "why": {}, "examples": []}
    totals = {name: row.get("attempts", 0) for name, row in card.get("families", {}).items()}
    rows = [
        {"family": family, "missed": sum(why.values()), "of": totals.get(family, 0), "why": why}
        for family, why in found["why"].items()
    ]
    return {
        "total": found["total"],
        "reasons": [name for name in _REASONS if any(name in row["why"] for row in rows)],
        "words": _REASONS,
        "families": sorted(rows, key=lambda row: -row["missed"]),
        "examples": _examples(found["examples"], started),
        "flows": card.get("worst_missed", [])[:_FLOWS],
    }


def _examples(examples: list[Json], started: int) -> list[Json]:
    """Each with its number among those of its family (``rank``)."""
    seen: dict[str, int] = {}
    rows = []
    for example in examples:
        rank = seen.get(example["family"], 0)
        seen[example["family"]] = rank + 1
        rows.append(_example(example, started) | {"rank": rank})
    return rows


def _example(example: Json, started: int) -> Json:
    at = (example["intended_ns"] - started) / 1e9 if started else 0.0
    word = _REASONS.get(example["why"], str(example["why"]))
    score = (example["flow"] or {}).get("benign_score")
    if score is not None and example["why"] == "suspected":
        word += f" (attack {1 - score:.2f})"
    elif score is not None:
        word += f" (ordinary {score:.2f})"
    lasted = (example["last_ns"] - example["intended_ns"]) / 1e9
    return example | {"at_s": round(at, 3), "lasted_s": round(max(lasted, 0.0), 3), "because": word} | _filter(example)


def _filter(ends: Json) -> Json:
    """A display filter that finds the conversation in the frames of the run."""
    name = "ipv6" if ":" in str(ends["src"]) else "ip"
    if ends["protocol"] == 0x0806:
        text = f"arp && arp.src.proto_ipv4 == {ends['src']}"
    else:
        text = f"{name}.addr == {ends['src']} && {name}.addr == {ends['dst']}"
        layer = {6: "tcp", 17: "udp"}.get(ends["protocol"])
        text += f" && {layer}.port == {ends['src_port']} && {layer}.port == {ends['dst_port']}" if layer else ""
    return {"display_filter": text}


def mistaken(card: Json, started: int) -> Json:
    """False alarms by ordinary family, with examples."""
    found = card.get("mistaken") or {"by_family": {}, "examples": [], "alerts": []}
    rows = [{"family": name} | row for name, row in found["by_family"].items()]
    examples = [
        row | {"at_s": round((row["first_ns"] - started) / 1e9, 3) if started else 0.0} | _filter(row)
        for row in found["examples"]
    ]
    return {
        "families": sorted(rows, key=lambda row: (-row["flagged"], -row["flows"])),
        "examples": examples,
        "alerts": found.get("alerts", []),
    }
