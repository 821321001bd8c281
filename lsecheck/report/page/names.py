"""subject, function -> ids in the page."""

from lsecheck.report.figures import naming


def subject(name: str) -> str:
    """Of a subject's section."""
    return f"s-{naming.fit(name)}"


def function(name: str, of: str) -> str:
    """Of the part that shows it in one function."""
    return f"{subject(name)}--{naming.fit(of)}"
