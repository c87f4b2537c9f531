"""A model as data: its content, its file, the checks of both."""
