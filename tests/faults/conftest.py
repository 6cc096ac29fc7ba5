"""What was tried in sum, printed behind the tests."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults.tally import MARK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each seed: what was killed or cut, how often, in tests that held."""
    sums: dict[int, Counter[str]] = {}
    for report in terminalreporter.stats.get("passed", []):
        for name, tried in report.user_properties:
            if name == MARK and report.when == "call":
                sums.setdefault(tried["seed"], Counter()).update({k: n for k, n in tried.items() if k != "seed"})
    for seed, tried in sums.items():
        words = ", ".join(f"{kind} {number}" for kind, number in sorted(tried.items()))
        terminalreporter.write_line(f"tried with TENFOLD_SEED={seed}: {words}; in all {sum(tried.values())}")
