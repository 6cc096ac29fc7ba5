"""Profiles of hypothesis, and the rule that CI skips nothing."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("fast", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("TENFOLD_PROFILE", "fast"))

# Real captures are not part of the project: a test that wants them may skip even in CI, with a reason that starts so.
OPTIONAL = "optional:"


# Files that take long for the number of their tests. They are begun first: whoever ends with one leaves others idle.
LONG = (
    "tests/campaign/ray_engine/",
    "tests/loadtests/test_run.py",
    "tests/system/",
    "tests/cases/",
    "tests/conformance/",
    "tests/api/routes/test_campaigns.py",
    "tests/detector/test_meter.py",
    "tests/loadtests/",
    "tests/campaign/test_ingest.py",
    "tests/campaign/test_realism.py",
    "tests/generator/lab/test_wire_sender.py",
    "tests/generator/test_sender.py",
    "tests/api/test_server.py",
    "tests/cli/",
    "tests/campaign/",
)


def pytest_configure(config: pytest.Config) -> None:
    """Workers take files in the order below, not those with most tests first."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, each one's tests together."""
    items.sort(key=lambda item: next((n for n, name in enumerate(LONG) if item.nodeid.startswith(name)), len(LONG)))


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
