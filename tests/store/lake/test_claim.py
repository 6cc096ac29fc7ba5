from __future__ import annotations

import pytest

from contract.errors import InputError
from store.lake.claim import claimed


def test_one_process_at_a_time_fills_the_archive_of_a_run(tmp_path):
    with (
        claimed(tmp_path, "s3://bucket", "r"),
        claimed(tmp_path, "s3://other", "r"),
        pytest.raises(InputError, match="another process archives it"),
        claimed(tmp_path, "s3://bucket", "r"),
    ):
        pass
    with claimed(tmp_path, "s3://bucket", "r"):
        pass


def test_a_run_in_a_folder_that_is_not_there_to_be_written_is_not_claimed(tmp_path):
    with claimed(tmp_path / "gone", "x", "r"), claimed(tmp_path / "gone", "x", "r"):
        pass
    assert not (tmp_path / "gone").exists()
