import numpy as np
import pyarrow as pa

from detector.features import WIDTH
from detector.looks import looks
from generator.traffic import chunks
from generator.workload import Share, Workload


def frames(seconds):
    workload = Workload(seed=5, duration_s=3, curve=((0.0, 60.0),), attacks=(Share("syn_flood"),), sites=3, clients=10)
    return [chunk.frames for chunk in chunks(workload, seconds)]


def test_every_flow_is_looked_at_and_batches_do_not_matter():
    one, other = looks(frames(1.0)), looks(frames(0.25))
    assert one.matrix.shape == (len(one.flow_id), WIDTH)
    assert set(one.flow_id.tolist()) == set(one.flows.column("flow_id").to_pylist())
    np.testing.assert_array_equal(one.matrix, other.matrix)
    np.testing.assert_array_equal(one.flow_id, other.flow_id)
    np.testing.assert_array_equal(one.when, other.when)
    assert (np.diff(one.when) >= 0).all()


def test_nothing_in_nothing_out():
    found = looks([])
    assert found.matrix.shape == (0, WIDTH)
    assert isinstance(found.flows, pa.Table)
    assert found.flows.num_rows == 0
