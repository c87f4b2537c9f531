"""A user's CSV: split into sample and rest, with routes that load, or refused with the reason."""

import csv
import tomllib
from pathlib import Path

import pytest

from landfall.demo.user_dataset import user_dataset
from landfall.errors import CommandError
from landfall.sample_data.csv_table import Table
from landfall.stack.settings import setting_prefix
from shared.routes.load import load_routes


def own_csv(path: Path, rows: int = 500, label: str = 'bought "it"') -> Path:
    """Write a CSV whose label has two values, and is missing in some rows."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["age", "comment, free", label])
        for number in range(rows):
            shown = "yes" if number % 3 == 0 else "no"
            if number % 50 == 0:
                shown = "?"
            writer.writerow([number % 90, f"a, b {number}", shown])
    return path


def test_a_file_is_split_and_its_routes_load(tmp_path: Path) -> None:
    """No row is in both parts, rows without a label are in none, and the routes load with the studio's settings."""
    path = own_csv(tmp_path / "2026 Shop.visits.csv")
    material = user_dataset(path, 'bought "it"', tmp_path)

    sample, good = Table.of((tmp_path / "sample.csv").read_text(encoding="utf-8")), Table.of(material.good)
    assert len(sample.rows) + len(good.rows) == 490
    assert {row[1] for row in sample.rows} & {row[1] for row in good.rows} == set()
    experiment = tomllib.loads(material.experiment.read_text(encoding="utf-8"))
    assert (experiment["label"], experiment["positive"]) == ('bought "it"', "yes")
    prefix, base = setting_prefix(material.model), "http://127.0.0.1:1"
    settings = {f"{prefix}_{key}": "k" for key in ("TRAINING_KEY", "ENDPOINT_KEY", "STAGING_KEY")}
    settings["LANDFALL_DATA_HOST"] = "127.0.0.1:10000"
    settings[f"{prefix}_JOBS_URL"] = f"{base}/jobs"
    for stem in (prefix, f"{prefix}_STAGING"):
        settings[f"{stem}_PATCH_URL"] = f"{base}/webservices/s/endpoints/{stem[-1].lower()}"
        settings[f"{stem}_EXECUTE_URL"] = f"{base}/{stem}/execute"
    routes = load_routes(material.routes, settings)
    assert routes.match(f"{material.folder}/good.csv") is routes.routes[material.route]


@pytest.mark.parametrize(
    ("text", "label", "says"),
    [
        ("a,b\n1,x\n2,y\n", "c", "one of the columns of .*: a, b"),
        ("a,b\n1,x\n2,y\n", None, "--label must name"),
        ("a,b\n1,x\n2,y\n3,z\n", "b", "has 3: "),
        ("a,b\n1,x\n2,y\n", "b", "needs 400 or more"),
        ("a,b\n1,x\n2\n3,y,z\n", "b", "line 3 has 1 cell, the header names 2 columns; line 4 has 3 cells"),
        ("a,a\n1,x\n", "a", "more than once"),
        ("a,b\n", "a", "a header and no rows"),
        ("", "a", "is empty: it has not even a header"),
        ('a,b\n"1,x\n', "b", "is no CSV: .* begins on line 2"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, label: str | None, says: str) -> None:
    """The error says what is wrong and where."""
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(CommandError, match=says):
        user_dataset(path, label, tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """The error names the byte."""
    (tmp_path / "x.csv").write_bytes(b"a,b\n\xff\xfe,1\n")

    with pytest.raises(CommandError, match="not UTF-8"):
        user_dataset(tmp_path / "x.csv", "a", tmp_path)
