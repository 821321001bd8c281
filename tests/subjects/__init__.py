"""Tests of lsecheck.subjects."""
