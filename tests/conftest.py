"""Profiles of hypothesis, and the rule that CI skips nothing."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("fast", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("TENFOLD_PROFILE", "fast"))

# Real captures are not part of the project: a test that wants them may skip even in CI, with a reason that starts so.
OPTIONAL = "optional:"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where TENFOLD_NO_SKIPS is set, a skip is a failure: CI installs everything that a test can ask for."""
    report = yield
    if report.skipped and os.environ.get("TENFOLD_NO_SKIPS") and not hasattr(report, "wasxfail"):
        reason = str(call.excinfo.value) if call.excinfo else ""
        if not reason.startswith(OPTIONAL):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} skipped where nothing may be skipped: {reason}"
    return report


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of real labelled captures, where there is one (TENFOLD_CAPTURES, else ../shared/captures)."""
    folder = Path(os.environ.get("TENFOLD_CAPTURES", Path(__file__).parents[2] / "shared" / "captures"))
    if not folder.is_dir():
        pytest.skip(f"{OPTIONAL} no folder of real captures; TENFOLD_CAPTURES names one")
    return folder
