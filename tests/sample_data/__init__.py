"""The made-up data."""
