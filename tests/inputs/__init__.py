"""Tests of lsecheck.inputs."""
