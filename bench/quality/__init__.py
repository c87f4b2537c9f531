"""Measures the studio's models against scikit-learn's on the same rows: `python -m bench.quality`."""
