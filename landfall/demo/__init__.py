"""The demo: a stack of its own, a good file, a bad file, and the good file once more."""
