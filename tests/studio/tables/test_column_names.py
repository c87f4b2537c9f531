"""Names of columns: one rule for training, row filters and requests."""

from pathlib import Path

import pytest

from studio.models.model_file import load_model
from studio.scoring.request_columns import ColumnMismatchError, request_columns
from studio.scoring.scorer import Scorer
from studio.tables.column_names import column_names, positions_of
from studio.training.train import train
from studio.training.training_plan import TrainingPlan
from studio.wire.scoring_codec import scoring_response

HEADER = ["", " petal", "soil ", " kind"]


def trained(folder: Path, header: list[str], row_filter: str = "") -> Scorer:
    """Train on a file of this header, with an index, a number, a category and a label."""
    path = folder / "t.csv"
    rows = [f"{row * 7 % 90}, {row % 9}, {'clay' if row % 2 else 'sand'}, {row % 9 + row % 2}" for row in range(90)]
    path.write_text("\n".join([",".join(header), *rows]), encoding="utf-8")
    return Scorer(load_model(train(path, TrainingPlan("regression", "kind", row_filter=row_filter), 1).model))


def test_a_header_with_spaces_scores_as_it_trained(tmp_path: Path) -> None:
    """A request may have the training file's header as it is, or a tidy one, in both forms."""
    scorer = trained(tmp_path, HEADER)
    assert [column.name for column in scorer.model.columns] == ["Col1", "petal", "soil"]
    tables = (
        b'{"Inputs": {"input1": {"ColumnNames": ["", " petal", "soil "], "Values": [["7", "3", "clay"]]}}}',
        b'{"Inputs": {"input1": {"ColumnNames": ["Col1", "petal", "soil"], "Values": [["7", "3", "clay"]]}}}',
    )
    first, second = (scoring_response(scorer, body, swagger=False, details=False) for body in tables)
    assert first == second
    value = first["Results"]["output1"]["value"]
    assert list(value["ColumnNames"]) == ["Col1", "petal", "soil", "Scored Labels"]
    rows = b'{"Inputs": {"input1": [{"": "7", " petal": "3", "soil ": "clay"}]}}'
    (row,) = scoring_response(scorer, rows, swagger=True, details=False)["Results"]["output1"]
    assert row == dict(zip(value["ColumnNames"], value["Values"][0], strict=True)) | {"kind": None}
    with pytest.raises(ColumnMismatchError, match="columns given twice: petal"):
        scoring_response(
            scorer, b'{"Inputs": {"input1": [{"petal": "3"}, {" petal": "4"}]}}', swagger=True, details=False
        )


def test_names_that_are_one_are_given_twice(tmp_path: Path) -> None:
    """Surrounding spaces do not make a different column."""
    model = trained(tmp_path, HEADER).model
    with pytest.raises(ColumnMismatchError, match="columns given twice: petal"):
        request_columns(model, ["", "petal", "petal ", "soil"])


def test_a_row_filter_names_columns_by_the_rule(tmp_path: Path) -> None:
    """A filter names a column without a name by its position; surrounding spaces do not count."""
    scorer = trained(tmp_path, HEADER, '" petal " < 8 and Col1 > 5')
    assert scorer.model.label == "kind"


def test_places_of_a_name() -> None:
    """Columns are counted from 1, and one without a name is said to have none."""
    assert column_names(["Col2", "", " a "]) == ("Col2", "Col2", "a")
    assert positions_of(["Col2", "", "a"], "Col2") == "1 and 2 (without a name)"
    assert positions_of(["a", " a", "b", "a "], "a") == "1, 2 and 4"
