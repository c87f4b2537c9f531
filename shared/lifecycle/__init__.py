"""The life of a run as one pure function: (run, observation, now) -> (run', effect). Nothing here does anything."""
