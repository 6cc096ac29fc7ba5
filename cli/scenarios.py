"""``tenfold scenarios``: what can be run."""

from __future__ import annotations

from typing import Any

from cli.output import JsonFlag, print_json, stdout_console


def command(json_: JsonFlag = False) -> None:
    """List the scenarios that ship."""
    from campaign.scenario import load, names

    scenarios = [load(name) for name in names()]
    if json_:
        print_json([scenario.as_dict() for scenario in scenarios])
        return
    from rich.table import Table

    table = Table("scenario", "seconds", "multiplier", "what it is")
    for scenario in scenarios:
        table.add_row(scenario.name, f"{scenario.duration_s:g}", _span(scenario.multiplier), scenario.summary)
    stdout_console().print(table)


def _span(curve: Any) -> str:  # noqa: ANN401 - pairs of numbers
    """The least and the most of a curve."""
    values = [value for _, value in curve]
    low, high = min(values), max(values)
    return f"{high:g}x" if low == high else f"{low:g}x to {high:g}x"
