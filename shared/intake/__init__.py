"""What a file must be before it is trained on, and which files make a training set (pure)."""
