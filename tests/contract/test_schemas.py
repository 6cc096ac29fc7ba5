from __future__ import annotations

import pyarrow as pa
import pytest

from contract import schemas
from contract.errors import InputError


def test_each_schema_carries_its_name_and_version() -> None:
    assert set(schemas.ALL) == {"frames/1", "truth/1", "flows/1", "verdicts/1", "flow-updates/1"}
    for name, schema in schemas.ALL.items():
        assert schemas.name_of(schema) == name
        schemas.check_schema(schema, schema, "here")


def test_a_schema_without_a_name_passes_by_its_fields() -> None:
    schemas.check_schema(schemas.FRAMES.remove_metadata(), schemas.FRAMES, "here")


def test_what_differs_is_named() -> None:
    with pytest.raises(InputError, match="here: expected schema frames/1, found flows/1"):
        schemas.check_schema(schemas.FLOWS, schemas.FRAMES, "here")
    bare = schemas.FRAMES.remove_metadata()
    with pytest.raises(InputError, match="column 'link' of schema frames/1 is missing"):
        schemas.check_schema(bare.remove(3), schemas.FRAMES, "here")
    with pytest.raises(InputError, match="column 'link' is int64, schema frames/1 has uint16"):
        schemas.check_schema(bare.set(3, pa.field("link", pa.int64(), nullable=False)), schemas.FRAMES, "here")
    with pytest.raises(InputError, match="columns differ"):
        schemas.check_schema(bare.append(pa.field("more", pa.int8())), schemas.FRAMES, "here")
