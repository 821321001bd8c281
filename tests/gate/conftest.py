"""The fixture of every test here."""

from gate import project

__all__ = ["project"]
