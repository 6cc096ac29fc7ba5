"""``tenfold labels``: what is what in a capture or run, for others: labels of flows, or comments on frames."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import JsonFlag, note, print_json

if TYPE_CHECKING:
    import pyarrow as pa

    from contract.truth import Truth


def command(
    source: Annotated[Path, typer.Argument(help="A run folder, or a capture with its truth beside it.")],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="FILE.csv or .parquet for flows; FILE.pcapng for frames."),
    ],
    truth: Annotated[Path | None, typer.Option("--truth", help="Truth of a capture: .json or .parquet.")] = None,
    cic: Annotated[bool, typer.Option("--cic", help="Columns named as CICFlowMeter's.")] = False,
    json_: JsonFlag = False,
) -> None:
    """Write the ground truth for other tools: flows by Community ID, or a pcapng whose attack frames bear comments."""
    from campaign.foreign_run import FRAMES
    from contract.errors import InputError

    if cic and out.suffix == ".pcapng":
        raise InputError("--cic is of flows: FILE.csv or FILE.parquet")
    if not source.is_dir():
        found = _write(source, _truth(source, truth), out, cic=cic)
    elif truth is not None:
        raise InputError(f"{source}: a run has its own truth; --truth goes with a capture")
    else:
        from campaign.again import make_again
        from campaign.runfolder import existing
        from campaign.truth_table import read_truth_table

        folder = existing(source)
        table = read_truth_table(folder.truth)
        with tempfile.TemporaryDirectory(dir=out.absolute().parent) as scratch:
            frames = folder.path / FRAMES
            if not frames.is_file():
                frames = Path(scratch) / "frames.pcapng"
                make_again(folder, frames)
            found = _write(frames, table, out, cic=cic)
    if json_:
        print_json(found)
        return
    for line in found["notes"]:
        note(line)
    if "frames" in found:
        note(f"{found['commented']:,} of {found['frames']:,} frames bear a comment, in {out}")
    else:
        note(f"{found['flows']:,} flows, {found['attacks']:,} of attacks, in {out}")


def _write(frames: Path, truth: Truth | pa.Table, out: Path, *, cic: bool) -> dict[str, Any]:
    if out.suffix == ".pcapng":
        from campaign.commented import write_commented

        return write_commented(frames, truth, out)
    from campaign.flow_labels import write_labels

    return write_labels(frames, truth, out, cic=cic)


def _truth(capture: Path, given: Path | None) -> Truth | pa.Table:
    from campaign.judge import truth_beside
    from campaign.truth_table import read_truth_table
    from contract.truth import TABLE_SUFFIX, read_truth

    beside = capture.with_name(capture.name + TABLE_SUFFIX)
    path = given or (beside if beside.is_file() else truth_beside(capture))
    return read_truth_table(path) if path.suffix == ".parquet" else read_truth(path)
