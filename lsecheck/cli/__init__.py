"""words on a command line -> calls, text, an exit status. The only package that prints or exits."""

from lsecheck.cli import asking, judging
from lsecheck.cli.app import main

__all__ = ["asking", "judging", "main"]
