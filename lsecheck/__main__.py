"""`python -m lsecheck`."""

from lsecheck.cli import main

main()
