"""What the detector makes of traffic written by hand: attacks that it should find, and kinds that it should let be.

    python -m benchmarks.byhand [NAME ...] [--keep FOLDER]

Each kind becomes a capture (nothing is sent; the same bytes each time), which goes through the whole detector with the
model that ships. An attack is found where the capture raises an alert, and named where one of its alerts has a family
that is right for it. The model was not fitted on these captures, but rules of ``detector/knowledge`` were mended by
them: what is found here is no held-out figure.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.byhand import kinds
from benchmarks.byhand.kinds import Kind
from contract.alert import Alert
from detector.model import Model, load_default
from detector.offline import detect


def main() -> int:
    """Print a line for each kind, and the totals. 2 where a name is unknown."""
    parser = argparse.ArgumentParser(description="traffic written by hand against the detector")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these kinds")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the captures in this folder")
    arguments = parser.parse_args()
    known = kinds()
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        print(f"no such kind: {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    model = load_default()
    words: dict[str, str] = {}
    with _folder(arguments.keep) as folder:
        for name in arguments.names or known:
            words[name] = _judged(known[name], folder, model, keep=arguments.keep is not None)
    _say_totals([known[name] for name in words], words)
    return 0


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder to keep, or one that goes."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _judged(kind: Kind, folder: Path, model: Model, *, keep: bool) -> str:
    """Make the capture, run the detector over it, print the line. Returns its first word."""
    path = folder / f"{kind.name}.pcap"
    frames = kind.traffic().save(path)
    alerts = detect(path, model).alerts
    if not keep:
        path.unlink()
    word = _word(kind, {alert.family for alert in alerts})
    said = "; ".join(_said(alert) for alert in alerts[:3]) + ("; ..." if len(alerts) > 3 else "")
    print(f"{word:8} {kind.name:20} {'|'.join(kind.families) or 'ordinary':38} {frames:>7,} frames  {said}", flush=True)
    return word


def _word(kind: Kind, said: set[str]) -> str:
    """How the alerts' families fit the kind."""
    if not kind.families:
        return "false" if said else "quiet"
    if not said:
        return "missed"
    return "named" if said & set(kind.families) else "misnamed"


def _said(alert: Alert) -> str:
    attackers = ", ".join(alert.attackers[:1])
    return f"{alert.family} {alert.confidence:.2f} from {attackers or 'nobody named'}, {alert.flows:,} flows"


def _say_totals(ran: list[Kind], words: dict[str, str]) -> None:
    """The totals, and the names of what went wrong."""
    attacks = [kind.name for kind in ran if kind.families]
    others = [kind.name for kind in ran if not kind.families]
    found = sum(words[name] != "missed" for name in attacks)
    named = sum(words[name] == "named" for name in attacks)
    false = sum(words[name] == "false" for name in others)
    print(f"attacks: {found} of {len(attacks)} found, {named} by a right family")
    print(f"ordinary kinds: {false} of {len(others)} raise an alert")
    for word in ("missed", "misnamed", "false"):
        names = [name for name in words if words[name] == word]
        if names:
            print(f"{word}: {', '.join(names)}")


if __name__ == "__main__":
    raise SystemExit(main())
