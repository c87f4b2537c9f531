"""The baselines' environments: locked by hashes, and a missing installer is named."""

from pathlib import Path

import pytest

from bench.serving import virtualenvs


def test_a_missing_installer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to do."""
    monkeypatch.setattr(virtualenvs, "FOLDER", tmp_path)
    monkeypatch.setattr(virtualenvs, "UV", tmp_path / "uv")
    with pytest.raises(virtualenvs.UnavailableError, match="make setup"):
        virtualenvs.interpreter(virtualenvs.PLAIN)


@pytest.mark.parametrize("name", [virtualenvs.PLAIN, virtualenvs.MLSERVER])
def test_the_environments_are_locked(name: str) -> None:
    """Each package of a lock file has hashes, and none an address."""
    text = (virtualenvs.LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    packages = [part for part in text.split("\n") if part and part[0].isalnum()]
    assert len(packages) > 10
    assert all(line.endswith("\\") for line in packages)
    assert text.count("--hash=sha256:") >= len(packages)
    assert "://" not in text
