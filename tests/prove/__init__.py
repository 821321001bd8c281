"""Proofs, part by part."""
