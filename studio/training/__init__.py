"""From a CSV and a plan to a model."""
