"""Azure Machine Learning over plain REST; nothing here is imported for a route that does not use it."""
