"""Made-up data with a known signal, seeded: the same for everybody."""
