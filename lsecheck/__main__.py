"""`python -m lsecheck`."""

from lsecheck.cli import main

if __name__ == "__main__":  # worker processes may import it again
    main()
