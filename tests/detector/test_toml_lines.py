"""Lines of keys, by hand."""

from __future__ import annotations

from detector.toml_lines import line_of, lines_of

TEXT = """\
top = 1
[meter]  # a comment
idle_s = 3
"quoted key" = 4
[families.port_scan]
evidence = 9

[[allow]]
reason = "a"
[[ allow ]]
  reason = "b"
inner.deep = 3
"""


def test_each_key_has_its_line() -> None:
    lines = lines_of(TEXT)
    assert lines["top",] == 1
    assert lines["meter",] == 2
    assert lines["meter", "idle_s"] == 3
    assert lines["meter", "quoted key"] == 4
    assert lines["families", "port_scan", "evidence"] == 6
    assert lines["allow", 0, "reason"] == 9
    assert lines["allow", 1] == 10
    assert lines["allow", 1, "reason"] == 11
    assert lines["allow", 1, "inner", "deep"] == 12


def test_what_has_no_line_gets_that_of_its_table() -> None:
    lines = lines_of(TEXT)
    assert line_of(lines, ("allow", 1, "missing")) == 10
    assert line_of(lines, ("nowhere",)) is None
