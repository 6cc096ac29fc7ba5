"""Entry point: finds the commands, runs one, turns errors into one clear line and an exit code.

A command is one file ``cli/NAME.py`` with a typer function ``command``; heavy libraries are imported inside it, so that
``tenfold --help`` stays quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from contract.errors import LackingError, TenfoldError
from contract.version import VERSION

_NOT_COMMANDS: Final = {"__init__", "main", "output"}
_INTERRUPTED: Final = 130


def build_app() -> typer.Typer:
    """The typer application with every command of this folder."""
    app = typer.Typer(
        name="tenfold",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Find out before the event whether your detection holds: replay attacks at 815/s times a multiplier.",
    )

    @app.callback(invoke_without_command=True)
    def root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
        if version:
            typer.echo(f"tenfold {VERSION}")
            raise typer.Exit

    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in _NOT_COMMANDS:
            module = importlib.import_module(f"cli.{path.stem}")
            app.command(name=path.stem.rstrip("_").replace("_", "-"))(module.command)
    return app


def main() -> None:
    """Run the command line; the process exits with the codes of the public contract."""
    try:
        code = build_app()(prog_name="tenfold", standalone_mode=False)
    except TenfoldError as error:
        sys.stderr.write(f"tenfold: {error}\n")
        code = error.exit_code
    except typer.Abort:
        code = _INTERRUPTED
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`tenfold families | head`): nothing is wrong, nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except MemoryError as error:
        sys.stderr.write(
            f"tenfold: not enough memory: {str(error) or 'for what was asked'}; ask for less, or use more\n"
        )
        code = LackingError.exit_code
    except OSError as error:
        if not error.filename:
            raise
        # A name or a disk that the file system refuses where no room foresaw it: still no fault of the program.
        sys.stderr.write(f"tenfold: {error.filename}: {error.strerror}\n")
        code = TenfoldError.exit_code
    except Exception as error:
        code = _usage_code(error)
        if code is None:
            raise
    sys.exit(code if isinstance(code, int) else 0)


def _usage_code(error: Exception) -> int | None:
    """The exit code of a usage error of the command-line library, after saying it in one line; None for another."""
    show, words = getattr(error, "show", None), getattr(error, "format_message", None)
    code = getattr(error, "exit_code", None)
    if show is None or words is None or not isinstance(code, int):
        return None
    text = " ".join(words().split("\n")).strip().rstrip(".").replace(": Value error, ", ": ")
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help, on many lines
        show()
    else:
        where = getattr(getattr(error, "ctx", None), "command_path", "tenfold")
        sys.stderr.write(f"tenfold: {text}; see `{where} --help`\n")
    return code


if __name__ == "__main__":
    main()
