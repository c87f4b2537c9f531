"""A model behind FastAPI, written the plain way: `python plain_fastapi.py FOLDER PORT`.

FOLDER holds `model.txt`, the model as LightGBM saves it, and `features.json` with its features and classes.
"""

import json
import math
import sys
from pathlib import Path

import lightgbm
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, create_model

FOLDER, PORT = Path(sys.argv[1]), int(sys.argv[2])

booster = lightgbm.Booster(model_file=str(FOLDER / "model.txt"))
described = json.loads((FOLDER / "features.json").read_text(encoding="utf-8"))
features, classes = described["features"], described["classes"]
codes = [{category: code for code, category in enumerate(feature["categories"])} for feature in features]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


Row = create_model(
    "Row",
    __base__=_Strict,
    **{
        f"feature_{number}": ((str if feature["categories"] else float) | None, Field(None, alias=feature["name"]))
        for number, feature in enumerate(features)
    },
)


class ScoreRequest(BaseModel):
    """Rows to score."""

    rows: list[Row]


class Score(BaseModel):
    """The answer for one row."""

    label: str
    probability: float


class ScoreResponse(BaseModel):
    """One score a row."""

    scores: list[Score]


def encoded(row: BaseModel) -> list[float]:
    """Return a row as the numbers that the model takes."""
    numbers = []
    for cell, code in zip(row.__dict__.values(), codes, strict=True):
        if cell is None:
            numbers.append(math.nan)
        else:
            numbers.append(cell if isinstance(cell, float) else code.get(cell, math.nan))
    return numbers


app = FastAPI()


@app.post("/score")
async def score(request: ScoreRequest) -> ScoreResponse:
    """Score rows, on the event loop: on a single core a thread costs more than it saves."""
    rows = np.array([encoded(row) for row in request.rows])
    probabilities = booster.predict(rows, num_threads=1).tolist()
    return ScoreResponse(
        scores=[Score(label=classes[probability > 0.5], probability=probability) for probability in probabilities]
    )


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning", access_log=False)
