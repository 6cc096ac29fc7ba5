from __future__ import annotations

from contract import errors


def test_exit_codes_of_the_public_contract() -> None:
    codes = {
        e.__name__: e.exit_code
        for e in (errors.InputError, errors.UnsafeError, errors.JudgedError, errors.LackingError)
    }
    assert codes == {"InputError": 2, "UnsafeError": 2, "JudgedError": 1, "LackingError": 3}


def test_a_line_stays_one_line_whatever_it_quotes() -> None:
    assert str(errors.InputError("x: é, 東京: no such thing")) == "x: é, 東京: no such thing"
    assert str(errors.InputError("x: a\nb\x1b[2J\udcff\0")) == r"x: a\nb\x1b[2J\udcff\x00"
    assert str(errors.LackingError("y" * 5000)) == "y" * 2000 + " (and 3,000 characters more)"
