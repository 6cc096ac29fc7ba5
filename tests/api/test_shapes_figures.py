from __future__ import annotations

import pytest

from api import shapes_figures
from tests.api.test_shapes import check


@pytest.mark.parametrize("name", sorted(shapes_figures.SCHEMAS))
def test_each_example_is_of_its_shape(name):
    check(shapes_figures.SCHEMAS[name], shapes_figures.SCHEMAS[name].get("examples", []))
