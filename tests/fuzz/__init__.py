"""Fuzzing, part by part."""
