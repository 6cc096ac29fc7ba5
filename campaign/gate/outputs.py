"""What a check leaves: JUnit XML for the list of tests of a CI, Markdown for its summary page, JSON for the rest."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from campaign.gate.findings import Finding, State, by_gate, exit_code
from campaign.runfolder import write_json
from contract.errors import InputError

SUMMARY: Final = "GITHUB_STEP_SUMMARY"
_TITLES: Final = {
    "slo": "SLO: real campaigns against absolute targets",
    "quality": "Detection quality, with frames lost on purpose",
    "regression": "Regression: candidate against base, interleaved pairs",
    "baseline": "Beside the baseline file",
    "trend": "Trend of this machine (told, never judged)",
}
_WORDS: Final = {
    0: "passed",
    1: "a target is broken",
    3: "not judged: the machine could not hold still, or lacks something",
    99: "slower or worse than what it was compared with",
}
_ELEMENTS: Final = {State.BROKEN: "failure", State.REGRESSED: "failure", State.INVALID: "error", State.TOLD: "skipped"}
_MARKS: Final = {
    State.PASSED: "pass",
    State.BROKEN: "**BROKEN**",
    State.REGRESSED: "**REGRESSED**",
    State.INVALID: "**invalid**",
    State.TOLD: "told",
}
Json = dict[str, Any]


def junit(findings: Sequence[Finding]) -> bytes:
    """JUnit XML: a suite a gate, a case a finding. What was told is a skipped case that carries its text."""
    root = ET.Element("testsuites", name="tenfold check")
    for gate, rows in by_gate(findings).items():
        suite = ET.SubElement(root, "testsuite", name=gate)
        for row in rows:
            case = ET.SubElement(
                suite, "testcase", classname=f"tenfold.check.{gate}", name=row.name, time=f"{row.seconds:.3f}"
            )
            element = _ELEMENTS.get(row.state)
            if element:
                ET.SubElement(case, element, message=_legal(_sentence(row)))
            ET.SubElement(case, "system-out").text = _legal("\n".join(filter(None, [_sentence(row), row.detail])))
        for name, word in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(name, str(sum(_ELEMENTS.get(row.state) == word for row in rows)))
        suite.set("tests", str(len(rows)))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ET.indent(root)
    found: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return found + b"\n"


def markdown(findings: Sequence[Finding], about: Json) -> str:
    """The same as a page of Markdown: what is wrong first, then a table a gate."""
    code = exit_code(findings)
    revision = f" `{about['revision'][:12]}`" if about.get("revision") else ""
    lines = [f"## Tenfold check{revision}: {_WORDS[code]}", ""]
    lines += [f"- **{row.gate}** {_cell(row.name)}: {_cell(_sentence(row))}" for row in findings if _wrong(row)]
    lines += [""] if any(_wrong(row) for row in findings) else []
    for gate, rows in by_gate(findings).items():
        lines += [f"### {_TITLES[gate]}", "", "| | what | got | wanted | |", "|---|---|---|---|---|"]
        for row in rows:
            cells = (_MARKS[row.state], *(_cell(text) for text in (row.name, row.got, row.wanted, row.detail)))
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    machine = about.get("machine") or {}
    if machine:
        place = f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}"
        marks = f"fingerprint `{machine['id']}`, targets `{about['config']}`, exit code {code}."
        lines += [f"{place}; {marks}", ""]
    return "\n".join(lines)


def write(folder: Path, document: Json, findings: Sequence[Finding]) -> dict[str, Path]:
    """Write all three, and the summary of a hosted CI where it names a file for one. Raises ``InputError``."""
    paths = {name: folder / name for name in ("check.json", "junit.xml", "summary.md")}
    text = markdown(findings, document)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(paths["check.json"], document)
        paths["junit.xml"].write_bytes(junit(findings))
        paths["summary.md"].write_text(text, encoding="utf-8")
        if os.environ.get(SUMMARY):
            with Path(os.environ[SUMMARY]).open("a", encoding="utf-8") as file:
                file.write(text + "\n")
    except OSError as error:
        raise InputError(f"{error.filename or folder}: cannot write: {error.strerror}") from None
    return paths


def _wrong(row: Finding) -> bool:
    return row.state in (State.BROKEN, State.REGRESSED, State.INVALID)


def _sentence(row: Finding) -> str:
    return f"{row.got}; wanted: {row.wanted}" if row.wanted else row.got


def _cell(text: str) -> str:
    """Text inside a cell: nothing in it may end the cell, the line, or begin HTML."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _legal(text: str) -> str:
    """Text that XML 1.0 can hold: control characters have no form in it."""
    return "".join(c if c in "\n\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
