from __future__ import annotations

import pytest

from api import shapes_summed
from tests.api.test_shapes import check


@pytest.mark.parametrize("name", sorted(shapes_summed.SCHEMAS))
def test_each_example_is_of_its_shape(name):
    check(shapes_summed.SCHEMAS[name], shapes_summed.SCHEMAS[name].get("examples", []))
