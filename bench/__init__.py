"""The benchmark of the app: how many requests it makes, counted against the real storage emulator and the real studio."""
