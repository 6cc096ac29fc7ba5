"""Truth against a plain-Python reading of what the flows say."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from contract.schemas import TRUTH
from generator.stamp import Due, schedule
from generator.truth_rows import truth_rows
from tests.generator.helpers import arp_kind, every_kind, plan_of


def naive(plan, low: int, flows: np.ndarray, first: int) -> list[dict]:
    template, table, made = plan.template, plan.table, []
    for lane in (0, 1):
        for k in range(len(flows)):
            begin, end, count = flows[k, lane].tolist()
            if not count:
                continue
            attempt = low + k
            variant = int(table.variant[attempt])
            frames = range(template.first[variant], template.first[variant + 1])
            ends = [table.src[attempt].tobytes(), table.dst[attempt].tobytes()]
            own = [int(table.src_port[attempt]), int(table.dst_port[attempt])]
            ports = [o if p < 0 else int(p) for o, p in zip(own, template.ports[variant].tolist(), strict=True)]
            protocol = int(template.protocol[variant])
            if lane:
                error = next(row for row in frames if template.quotes[row])
                row = template.frames[error]
                at = int(row["start"]) + (34 if row["version"] == 4 else 54)
                ends, ports, protocol = ends[::-1], template.blob[at : at + 2].tolist(), int(row["kind"])
            made.append(
                {
                    "attempt": attempt + first, "family": plan.families[table.family[attempt]],
                    "intended": int(table.intended[attempt]), "src": ends[0], "dst": ends[1],
                    "src_port": ports[0], "dst_port": ports[1], "protocol": protocol,
                    "first": begin, "last": end, "frames": count,
                }
            )  # fmt: skip
    return made


def test_rows_are_those_of_a_naive_reading() -> None:
    for make, six in ((every_kind, True), (arp_kind, False)):
        plan = plan_of(make, n=27, ipv6=six)
        n, low = 27, 4
        due = Due.room(int(np.diff(plan.template.first)[plan.table.variant].sum()))
        flows = np.zeros((n - low, 2, 3), np.int64)
        schedule(plan.template, plan.table, low, n, plan.workload.start_ns + 200_000_000, due, flows)
        found = truth_rows(plan, low, flows, first=1000)
        found.validate(full=True)
        assert found.schema.equals(TRUTH, check_metadata=True)
        table = pa.Table.from_batches([found])
        for number, name in enumerate(table.schema.names):
            if pa.types.is_timestamp(table.schema.types[number]):
                table = table.set_column(number, name, table.column(name).cast(pa.int64()))
        assert table.to_pylist() == naive(plan, low, flows, 1000)
    assert truth_rows(plan, 0, flows[:0]).num_rows == 0
