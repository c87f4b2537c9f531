"""The benchmark's own error."""


class BenchError(Exception):
    """Something went otherwise than a measurement needs it; the text says what."""
