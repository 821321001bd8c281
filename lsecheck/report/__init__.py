"""rows, verdicts -> text and Markdown: pure functions, one file each. Nothing here measures."""
