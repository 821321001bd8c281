"""The program: its group of commands, how it refuses, and what it says when it is told nothing.

Findings go to stdout, progress and refusals to stderr. Exit status: 0 everything asked for
holds, 1 a finding, 2 your call, file or environment, 3 undecided or failed throughout, 5 nothing
was measured.
"""

import io
import os
import re
import signal
import sys
import threading
from typing import Any

import click

from lsecheck import __version__
from lsecheck.errors import LsecheckError

#: what a value looks like: it must never be taken for an option
_VALUE = re.compile(r"-(\d|\.\d|0x|inf|nan)", re.IGNORECASE)
SHIELD = "\0"


class Values(click.Command):
    """A command whose arguments may be negative numbers, with or without `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Values are shielded from being taken for options; `bare` takes the shields off."""
        takes_one = {name for p in self.params if isinstance(p, click.Option) and not p.is_flag for name in p.opts}
        shielded, previous = [], ""
        for place, word in enumerate(args):
            if word == "--":
                shielded += args[place:]
                break
            shielded.append(SHIELD + word if _VALUE.match(word) and previous not in takes_one else word)
            previous = word
        return super().parse_args(ctx, shielded)


def bare(values: tuple[str, ...]) -> list[str]:
    """Values as they were typed."""
    return [value.removeprefix(SHIELD) for value in values]


class Group(click.Group):
    """Every refusal of ours becomes one sentence on stderr and its exit status."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command; never a traceback for what is somebody's mistake."""
        kwargs["standalone_mode"] = False
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # κ and ✗ on a terminal that has none
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _interrupt)  # so that no worker outlives us
        try:
            status = super().main(*args, **kwargs)
        except LsecheckError as error:
            refuse(str(error), error.exit_status)
        except click.exceptions.NoArgsIsHelpError as error:  # pragma: no cover - no command asks for it
            refuse(error.format_message(), 2)
        except click.ClickException as error:
            refuse(_plain(error), 2)
        except (click.Abort, KeyboardInterrupt):
            refuse("interrupted: nothing was written", 130)
        except BrokenPipeError:
            # the reader of a pipe went away: not a finding, and nobody to tell
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None
        except OSError as error:
            refuse(f"cannot write: {error.strerror or error}", 2)
        raise SystemExit(status if isinstance(status, int) else 0)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def refuse(sentence: str, status: int) -> None:
    """Say it on stderr and exit."""
    click.echo(f"lsecheck: {sentence}", err=True)
    raise SystemExit(status)


def _plain(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{message}; see '{context.command_path} --help'" if context is not None else message


@click.group(cls=Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lsecheck")
@click.pass_context
def main(context: click.Context) -> None:
    """The accuracy referee for LogSumExp: exact truth, ulp errors, named contracts."""
    if context.invoked_subcommand is None:
        click.echo(_welcome())


def _welcome() -> str:
    from lsecheck.report import listing

    return listing.welcome(__version__)
