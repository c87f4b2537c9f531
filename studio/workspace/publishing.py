"""Publishes an experiment: trains its seed model, and opens its training and its predictive service."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from studio.training.experiment import Experiment
from studio.training.train import TrainingResult, train
from studio.workspace.database import Database, private_folder, write_private
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.deployment_records import Location
from studio.workspace.registry import Registry
from studio.workspace.services import DEFAULT_ENDPOINT, Kind, Role, Service

PREDICTIVE_ENDPOINTS = {DEFAULT_ENDPOINT: Role.DEFAULT, "production": Role.SERVE, "staging": Role.STAGING}


@dataclass(frozen=True)
class Publication:
    """What publishing created."""

    training: Service
    predictive: Service
    seed_model: Path
    trained: TrainingResult


def publish(database: Database, experiment: Experiment, base_url: str) -> Publication:
    """Publish an experiment. Publishing again updates the plan and the `default` endpoint's model.

    Ids, keys and deployed models stay. Added endpoints stay as they are, and deleted ones stay deleted: only a new
    service gets its endpoints.

    Raises:
        TableError: its CSV cannot be trained on.
    """
    trained = train(experiment.data, experiment.plan, threads=os.cpu_count() or 1)
    registry, deployed = Registry(database), DeployedModels(database)
    training = registry.publish(experiment.name, Kind.TRAINING, experiment.plan, {DEFAULT_ENDPOINT: Role.DEFAULT})
    predictive = registry.publish(experiment.name, Kind.PREDICTIVE, experiment.plan, PREDICTIVE_ENDPOINTS)
    seed = seed_model_path(database, predictive)
    write_private(seed, trained.model)
    location = Location(f"{base_url}/", f"seeds/{seed.name}")
    for endpoint in registry.endpoints(predictive):
        if endpoint.role is Role.DEFAULT or deployed.location(endpoint) is None:
            deployed.deploy(endpoint, trained.model, location, delay_s=0)
    return Publication(training, predictive, seed, trained)


def seed_model_path(database: Database, predictive: Service) -> Path:
    """Return where the seed model of a service is."""
    readable = re.sub(r"[^a-z0-9]+", "-", predictive.experiment.lower()).strip("-")
    # The id distinguishes names that become the same.
    return private_folder(database.folder / "seeds").resolve() / f"{readable}-{predictive.id[:8]}.ilearner"
