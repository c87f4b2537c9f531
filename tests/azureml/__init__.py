"""Tests of the Azure Machine Learning engine against its contract."""
