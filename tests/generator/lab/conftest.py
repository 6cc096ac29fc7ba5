"""A lab of the tests' own, one for each module."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from generator.lab import namespaces
from generator.lab.namespaces import Lab
from tests.generator.lab.helpers import own_lab


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("a lab needs root and iproute2")
    mine = own_lab(request.module.__name__.rpartition("_")[2])
    namespaces.up(mine)
    yield mine
    namespaces.down(mine)
