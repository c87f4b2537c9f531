"""The benchmark's own error."""


class BenchError(Exception):
    """A measurement was not possible; the text says why."""
