"""What Tenfold is shipped with: licences, known advisories, a bill of materials, all of ``requirements-run.lock``.

    python deploy/supply.py licences|advisories|sbom [FILE]

Ends with 0 where all is well, 1 where something is found, 3 where it could not be looked up: never with 0 then.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

LOCK: Final = Path(__file__).parents[1] / "requirements-run.lock"
ALLOWED: Final = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software|MPL|Mozilla|0BSD|Zlib|CC0|Unlicense", re.IGNORECASE
)
# Read by a person: scapy (GPL 2) is imported, not copied; skops (MIT) names its licence in a file only.
READ: Final = {"scapy": "GPL-2.0-only", "skops": "UNKNOWN"}


def names(lock: Path = LOCK) -> list[str]:
    """The distributions of the lock."""
    return re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE)


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)


def licences() -> int:
    """Every distribution that is installed here has a licence that may be shipped."""
    found = _run("piplicenses", "--from=mixed", "--format=json", "--packages", *names())
    bad = [
        f"{row['Name']} {row['Version']}: {row['License']}"
        for row in json.loads(found.stdout)
        if not ALLOWED.search(row["License"]) and READ.get(row["Name"].lower()) != row["License"]
    ]
    print("\n".join(bad) or f"licences of {len(json.loads(found.stdout))} distributions may be shipped")
    return int(bool(bad))


def advisories() -> int:
    """No distribution has a known advisory. What could not be looked up is told, and is no success."""
    words = ("pip_audit", "-r", str(LOCK), "--require-hashes", "--disable-pip", "--progress-spinner", "off")
    found = _run(*words, "--format", "json")
    try:
        rows = json.loads(found.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"advisories could not be looked up: {(found.stderr.strip() or 'no answer').splitlines()[-1]}")
        return 3
    bad = [f"{row['name']} {row['version']}: {fault['id']}" for row in rows for fault in row.get("vulns", ())]
    unknown = [row["name"] for row in rows if "skip_reason" in row]
    print("\n".join(bad) or f"{len(rows) - len(unknown)} distributions have no known advisory")
    if unknown:
        print(f"{len(unknown)} could not be looked up (is the index reachable?): {', '.join(unknown[:5])}, ...")
    return 1 if bad else 3 if unknown else 0


def pins(lock: Path = LOCK) -> list[tuple[str, str, list[str]]]:
    """Name, version and SHA-256 of each file of every distribution of the lock."""
    pieces = re.split(r"^(?=\S+==)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [(*piece.split(maxsplit=1)[0].split("=="), re.findall(r"sha256:(\w+)", piece)) for piece in pieces]


def sbom(out: str = "sbom.json") -> int:
    """A bill of materials (CycloneDX 1.6) of what a user installs."""
    from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    bill = Bom()
    bill.metadata.component = Component(type=ComponentType.APPLICATION, name="tenfold", version=version("tenfold"))
    for name, pinned, hashes in pins():
        url = PackageURL("pypi", name=name, version=pinned)
        files = ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(url.to_string()),
            comment="SHA-256 of its files, by which it is installed",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in hashes],
        )
        bill.components.add(
            Component(
                type=ComponentType.LIBRARY,
                name=name,
                version=pinned,
                bom_ref=url.to_string(),
                purl=url,
                external_references=[files],
            )
        )
    bill.register_dependency(bill.metadata.component, bill.components)
    JsonV1Dot6(bill).output_to_file(out, allow_overwrite=True, indent=2)
    print(f"{out}: {len(bill.components)} distributions")
    return 0


if __name__ == "__main__":
    sys.exit({"licences": licences, "advisories": advisories, "sbom": sbom}[sys.argv[1]](*sys.argv[2:]))
