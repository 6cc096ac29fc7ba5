"""The commented file changes nothing as it stands, and every line of it can be used; the documentation names all."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from detector.config import Config
from detector.config_file import parse
from detector.config_keys import TABLES
from detector.config_text import default_text, markdown

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_default_file_changes_nothing() -> None:
    found = parse(default_text(), NOW)
    assert (found.problems, found.warnings) == ([], [])
    assert found.config == Config()


def test_every_commented_line_can_be_used() -> None:
    text = re.sub(r"^# (\[|[a-z_]+ = )", r"\1", default_text(), flags=re.MULTILINE)
    text = text.replace('transport = "udp"', 'transport = "tls"')  # certificates are refused where nobody looks at them
    found = parse(text, NOW)
    assert found.problems == []
    assert found.counts == {"allow": 1, "mute": 1, "assets": 1, "families": 1, "outputs": 4}
    for table in TABLES:
        for key in table.keys:
            assert re.search(rf"^{key.name} = ", text, re.MULTILINE), key.name


def test_lines_fit_a_terminal() -> None:
    assert all(len(line) <= 140 for line in default_text().splitlines())


def test_the_documentation_names_every_key_with_its_bounds_and_default() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for table in TABLES:
        assert markdown(table) in text, f"docs/configuration.md lacks this table of [{table.name}]:\n{markdown(table)}"
