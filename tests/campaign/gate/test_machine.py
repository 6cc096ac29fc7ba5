from __future__ import annotations

from campaign.gate.machine import LOCK, fingerprint, lock_hash


def test_the_fingerprint_is_the_same_twice_and_hangs_on_the_lock(tmp_path):
    (tmp_path / LOCK).write_text("numpy==1\n")
    one = fingerprint(tmp_path)
    assert one == fingerprint(tmp_path)
    assert set(one) == {"id", "processor", "cores", "python", "lock"}
    (tmp_path / LOCK).write_text("numpy==2\n")
    other = fingerprint(tmp_path)
    assert other["id"] != one["id"]
    assert {key: other[key] for key in ("processor", "cores", "python")} == {
        key: one[key] for key in ("processor", "cores", "python")
    }


def test_without_a_lock_file_what_is_installed_counts(tmp_path):
    assert lock_hash(tmp_path) == lock_hash(tmp_path / "elsewhere")
