"""The studio: a BES-compatible training and scoring service."""
