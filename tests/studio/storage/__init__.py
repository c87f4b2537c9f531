"""Tests of studio/storage."""
