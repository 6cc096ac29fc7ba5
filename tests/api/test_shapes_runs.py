from __future__ import annotations

import pytest

from api import shapes_runs
from tests.api.test_shapes import check


@pytest.mark.parametrize("name", sorted(shapes_runs.SCHEMAS))
def test_each_example_is_of_its_shape(name):
    check(shapes_runs.SCHEMAS[name], shapes_runs.SCHEMAS[name].get("examples", []))
