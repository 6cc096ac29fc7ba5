from __future__ import annotations

from api.app import create_app
from api.service import Service
from api.settings import Settings


def test_each_application_has_parts_of_its_own(tmp_path):
    one, other = (create_app(Settings(runs=tmp_path)).state.service for _ in range(2))
    assert isinstance(one, Service)
    assert one.metrics is not other.metrics
    assert one.broadcasts is not other.broadcasts
