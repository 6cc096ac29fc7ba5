"""Reading a table of truth (TRUTH, one row an attempt and flow) from a Parquet file that anybody may have written."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from contract.arrow_io import first_line
from contract.errors import InputError
from contract.schemas import TRUTH

# Addresses, ports and times differ from row to row: an honest table takes 8 bytes a row at least. A file that claims
# far more rows than bytes would inflate to any size.
_ROWS_A_BYTE: Final = 1
_FEW: Final = 65_536


def read_truth_table(path: Path) -> pa.Table:
    """The table, wholly validated. Raises ``InputError`` where there is none, or it is damaged or something else."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            rows, size = file.metadata.num_rows, path.stat().st_size
            if rows > max(_FEW, _ROWS_A_BYTE * size):
                raise InputError(f"{path}: refused: {rows:,} rows in {size:,} bytes would inflate beyond all measure")
            names = file.schema_arrow.names
            if names != TRUTH.names:
                raise InputError(f"{path}: not a table of truth: its columns are {', '.join(names)}")
            table = file.read().cast(TRUTH)  # Parquet widens the index of a dictionary
            table.validate(full=True)
    except FileNotFoundError:
        raise InputError(f"{path}: the run has no truth") from None
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:  # ValueError: also names that are not UTF-8
        raise InputError(f"{path}: cannot read: {first_line(error)}") from None
    if any(column.null_count for column in table.columns):
        raise InputError(f"{path}: a column holds nulls, and none may")
    return table
