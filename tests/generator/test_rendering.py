from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract.addresses import to_bytes
from contract.errors import UnsafeError
from contract.safety import Target
from contract.schemas import FRAMES
from generator.rendering import render
from tests.generator.helpers import every_kind, plan_of
from tests.generator.test_stamp import all_due


def test_a_batch_is_sound_and_empty_where_nothing_is_due() -> None:
    plan = plan_of(every_kind, n=12)
    due = all_due(plan)
    for part in (due, due.take(slice(0, 0))):
        made = render(plan, part)
        made.validate(full=True)
        assert made.schema.equals(FRAMES, check_metadata=True)
        assert made.column("wire_len").to_pylist() == [len(frame) for frame in made.column("frame").to_pylist()]


@pytest.mark.parametrize("workers", [1, 3])
def test_one_foreign_address_stops_the_batch(workers: int) -> None:
    plan = plan_of(every_kind, n=12, ipv6=False)
    due = all_due(plan)
    for text, reason in (("198.20.0.0", "outside 198"), ("203.0.113.9", "outside 198")):
        dst = plan.table.dst.copy()
        dst[7] = np.frombuffer(to_bytes(text), np.uint8)
        bad = replace(plan, table=plan.table._replace(dst=dst))
        with pytest.raises(UnsafeError, match=reason):
            render(bad, due, workers=workers)
    assert len(render(bad, due, Target.FILE, workers)) == len(due.ts)  # documentation may go to a file
