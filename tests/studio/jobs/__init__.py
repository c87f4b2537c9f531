"""Tests of studio/jobs."""
