"""The benchmark: how many requests the app makes, counted against the real storage emulator and studio."""
