from __future__ import annotations

import pytest

from api import shapes_seen
from tests.api.test_shapes import check


@pytest.mark.parametrize("name", sorted(shapes_seen.SCHEMAS))
def test_each_example_is_of_its_shape(name):
    check(shapes_seen.SCHEMAS[name], shapes_seen.SCHEMAS[name].get("examples", []))
