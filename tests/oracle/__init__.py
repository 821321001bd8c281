"""Tests of lsecheck.oracle."""
