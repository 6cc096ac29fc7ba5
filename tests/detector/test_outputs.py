import pyarrow as pa

from detector.outputs import Outputs, joined

SCHEMA = pa.schema([("n", pa.int64())])


def batch(*numbers: int) -> pa.RecordBatch:
    return pa.record_batch([pa.array(numbers, pa.int64())], schema=SCHEMA)


def test_batches_are_joined_in_order() -> None:
    found = joined([batch(1, 2), batch(3)], SCHEMA)
    assert found is not None
    assert found.column("n").to_pylist() == [1, 2, 3]
    assert joined([batch(4)], SCHEMA) == batch(4)
    assert joined([], SCHEMA) is None


def test_outputs_are_false_where_nothing_came_out() -> None:
    assert not Outputs()
    assert Outputs(flows=batch(1))
