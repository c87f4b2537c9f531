"""Blobs that callers name, within limits."""
