"""Lines of hostile files: numbered, bounded, in groups."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from campaign.alert_lines import LONGEST_LINE, groups_of, lines_of, opened
from contract.errors import InputError


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    found = list(lines_of(io.BytesIO(b"a\r\n\nb\nc")))
    assert found == [(1, b"a", True), (3, b"b", True), (4, b"c", False)]


def test_a_line_that_is_too_long_is_cut_and_the_next_is_whole() -> None:
    first, second = lines_of(io.BytesIO(b"x" * 40 + b"\nb\n"), longest=10)
    assert (len(first[1]), first[2]) == (12, True)
    assert second == (2, b"b", True)


def test_a_file_that_is_no_log_is_refused() -> None:
    with pytest.raises(InputError, match="no log of lines"):
        list(lines_of(io.BytesIO(b"x" * (20 * LONGEST_LINE))))
    with pytest.raises(InputError, match="empty lines in a row"):
        list(lines_of(io.BytesIO(b"\n" * 10_002)))


def test_groups_are_bounded_and_what_may_be_cut_off_is_alone() -> None:
    lines = [(n, b"x", True) for n in range(10_000)]
    assert [len(group) for group in groups_of(iter([*lines, (10_000, b"y", False)]))] == [2048] * 4 + [1808, 1]
    assert [len(group) for group in groups_of(iter([(n, b"x" * (5 << 20), True) for n in range(3)]))] == [2, 1]
    assert list(groups_of(iter([]))) == []


def test_what_inflates_too_far_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b"abc\n"))
    with opened(path) as file:
        assert file.readline() == b"abc\n"
    path.write_bytes(gzip.compress((b" " * 1023 + b"\n") * 40_000))
    with opened(path) as file, pytest.raises(InputError, match="inflates to more than"):
        list(lines_of(file))
