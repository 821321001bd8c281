"""Faults that must be caught, honest code that must not be."""
