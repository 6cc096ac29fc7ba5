import io
import zipfile

import numpy as np
import pytest

from contract.errors import InputError
from detector import skops_file

DOCUMENT = {
    "text": "a",
    "number": 3,
    "share": 0.5,
    "list": ["x", "y"],
    "arrays": {"a": np.arange(6, dtype=np.int32).reshape(2, 3), "b": np.zeros(0, np.float32)},
}


@pytest.fixture(scope="module")
def theirs():
    """Skops itself. Imported when it is asked for: every worker of a test run reads this file."""
    import skops.io

    return skops.io


def same(one, other):
    assert one.keys() == other.keys()
    for key in ("text", "number", "share", "list"):
        assert one[key] == other[key]
    for key in ("a", "b"):
        np.testing.assert_array_equal(one["arrays"][key], other["arrays"][key])
        assert one["arrays"][key].dtype == other["arrays"][key].dtype


def test_skops_reads_what_we_write_and_we_read_what_skops_writes(theirs):
    ours = skops_file.dump(DOCUMENT)
    same(theirs.loads(ours, trusted=[]), DOCUMENT)
    same(skops_file.load(theirs.dumps(DOCUMENT), "theirs"), DOCUMENT)
    same(skops_file.load(ours, "ours"), DOCUMENT)


def test_the_same_document_gives_the_same_bytes():
    assert skops_file.dump(DOCUMENT) == skops_file.dump(DOCUMENT)


def test_nothing_but_data_is_built(theirs):
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(InputError, match="plain data"):
        skops_file.load(theirs.dumps({"model": LogisticRegression()}), "model")


def test_object_arrays_are_refused():
    with pytest.raises(ValueError, match="allow_pickle"):
        skops_file.dump({"a": np.array([object()])})


@pytest.mark.parametrize("cut", [0, 1, 10, 100, -30])
def test_damage_is_one_clear_error(cut):
    with pytest.raises(InputError, match="not a skops file"):
        skops_file.load(skops_file.dump(DOCUMENT)[:cut], "model.skops")


def test_a_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(skops_file, "MAX_BYTES", 1000)
    with pytest.raises(InputError, match="inflates"):
        skops_file.load(skops_file.dump({"a": np.zeros(5000)}), "bomb")


@pytest.mark.parametrize("schema", [b"[]", b"{}", b'{"__loader__": "ListNode", "content": []}', b"\xff", b"[" * 5000])
def test_odd_schemas_are_refused(schema):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("schema.json", schema)
    with pytest.raises(InputError):
        skops_file.load(out.getvalue(), "odd")
