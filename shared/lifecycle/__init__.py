"""The life of a run as one pure function: (route, run, effect, observation, now) -> (run, effect). It performs none."""
