"""Tests of measuring by either engine."""
