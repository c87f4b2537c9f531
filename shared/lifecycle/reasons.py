"""Reasons of a run, put together from sentences (pure)."""


def with_sentence(reason: str, sentence: str) -> str:
    """Return a reason with one more sentence; a reason that ends with an error's text gets its full stop first."""
    stop = "" if reason.endswith((".", "…", "!", "?")) else "."
    return f"{reason}{stop} {sentence}"
