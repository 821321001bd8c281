"""words on a command line -> calls, text, an exit status. The only package that prints or exits."""

from lsecheck.cli import asking, breaking, judging, proving
from lsecheck.cli.app import main

__all__ = ["asking", "breaking", "judging", "main", "proving"]
