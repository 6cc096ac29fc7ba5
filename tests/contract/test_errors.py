from __future__ import annotations

from contract import errors


def test_exit_codes_of_the_public_contract() -> None:
    codes = {
        e.__name__: e.exit_code
        for e in (errors.InputError, errors.UnsafeError, errors.JudgedError, errors.LackingError)
    }
    assert codes == {"InputError": 2, "UnsafeError": 2, "JudgedError": 1, "LackingError": 3}
