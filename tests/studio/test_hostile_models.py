"""Models that a PATCH gives to a running studio: whatever they are, every request is answered by one valid model."""

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from studio.models.model import Model, Tree
from studio.models.model_file import dump_model, load_model
from studio.tables.model_column import Column
from tests.studio.caller import NAMES, ROW, Storage, patch, refusal, score
from tests.studio.random_models import hostile_file
from tests.studio.running import OCCUPATIONS, RunningStudio, running_studio, storage_host

Endpoint = dict[str, Any]
ROWS = [[str(age), str(30 + age % 30), OCCUPATIONS[age % 4], "north"] for age in range(20, 60)]


def answered(answer: requests.Response) -> list[list[str]]:
    """Return the last two cells of each row of an answer, which must be one."""
    assert answer.status_code == 200, answer.text
    return [row[-2:] for row in answer.json()["Results"]["output1"]["value"]["Values"]]


def served_model(data: Path) -> bytes:
    """Return the file of the only model that a studio serves."""
    (file,) = (data / "models").iterdir()
    return file.read_bytes()


def _bombard(studio: RunningStudio, storage: Storage, seeds: Sequence[int]) -> tuple[int, int]:
    """Give an endpoint a hostile model for each seed; returns how many were refused, and how many are used."""
    endpoint, sound = studio.endpoint("production"), served_model(studio.data)
    location = storage.reference("model.ilearner")
    before = answered(score(endpoint, NAMES, ROWS))
    refused = 0
    for seed in seeds:
        storage.put("model.ilearner", hostile_file(random.Random(seed), sound))
        answer = patch(endpoint, location)
        if answer.status_code == 200:
            before = answered(score(endpoint, NAMES, ROWS))  # it was a model, and rows of the service are scored
            continue
        refused += 1
        message = refusal(answer)
        assert message[0] == 400, f"seed {seed}: {answer.text}"
        assert message[1:] in {("BadArgument", "InvalidBlob"), ("InvalidOperation", "IncompatibleModel")}, seed
        assert len(answer.text) < 2000, seed
        assert answered(score(endpoint, NAMES, ROWS)) == before, f"seed {seed} was refused and changed the answers"
    assert studio.process.poll() is None
    return refused, len(seeds) - refused


def test_no_model_hurts_a_running_studio(own_data: Path, storage: Storage, azurite: str) -> None:
    """Damaged and hostile files are refused with the documented error, and the endpoint answers as before."""
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        refused, used = _bombard(studio, storage, range(30))
    assert refused > 20
    assert refused + used == 30


def test_a_model_of_another_service_is_refused_in_a_few_words(own_data: Path, storage: Storage, azurite: str) -> None:
    """However many columns it has and however long their names are, the error names some of them, each shortened."""
    columns = tuple(Column(f"{at:04}{'x' * 9900}", "numeric") for at in range(1600))
    storage.put("other.ilearner", dump_model(Model("binary", "y", ("0", "1"), columns, (Tree((), (0.5,)),))))
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        answer = patch(studio.endpoint("production"), storage.reference("other.ilearner"))
    assert refusal(answer) == (400, "InvalidOperation", "IncompatibleModel")
    assert "missing columns: 'age', 'hours', 'occupation', 'region'; other columns: '0000x" in answer.text
    assert "and 1,590 more" in answer.text
    assert len(answer.text) < 2000


@pytest.mark.deep
@pytest.mark.timeout(1200)
def test_no_model_of_many_hurts_a_running_studio(own_data: Path, storage: Storage, azurite: str) -> None:
    """Six hundred of them neither."""
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        refused, _ = _bombard(studio, storage, range(1000, 1600))
    assert refused > 400


def _turned(model: Model) -> Model:
    """Return a model whose scores are the opposite of another's."""
    trees = (replace(tree, leaves=tuple(-leaf for leaf in tree.leaves)) for tree in model.trees)
    return replace(model, trees=tuple(trees))


def test_swaps_under_load_fail_and_mix_nothing(own_data: Path, storage: Storage, azurite: str) -> None:
    """While one model follows the other, requests of one row and of a thousand are all answered, each by one model."""
    sound = served_model(own_data)
    storage.put("0.ilearner", sound)
    storage.put("1.ilearner", dump_model(_turned(load_model(sound))))
    sent = {1: [ROW], 1000: ROWS * 25}
    answers: dict[int, list[list[list[str]]]] = {rows: [] for rows in sent}
    done = threading.Event()
    with running_studio(own_data, [storage_host(azurite)]) as studio, ThreadPoolExecutor() as threads:
        endpoint = studio.endpoint("production")
        models = [storage.reference(f"{number}.ilearner") for number in (0, 1)]
        expected: dict[int, list[list[list[str]]]] = {rows: [] for rows in sent}
        for model in models:
            assert patch(endpoint, model).ok
            for rows, values in sent.items():
                expected[rows].append(answered(score(endpoint, NAMES, values)))

        def ask(rows: int) -> None:
            while not done.is_set():
                scored = answered(score(endpoint, NAMES, sent[rows]))
                assert scored in expected[rows], "rows of two models in one answer"
                if scored not in answers[rows]:
                    answers[rows].append(scored)

        asking = [threads.submit(ask, rows) for rows in (1, 1, 1000, 1000)]
        swap = 0
        try:
            # At least so often, and until each has met both models, or has failed.
            while (swap < 10 or min(map(len, answers.values())) < 2) and not any(caller.done() for caller in asking):
                swap += 1
                assert patch(endpoint, models[swap % 2]).status_code == 200
        finally:
            done.set()
        for caller in asking:
            caller.result()
    assert {rows: len(both) for rows, both in answers.items()} == {1: 2, 1000: 2}
