"""The benchmark: counts the app's requests against a real storage emulator and studio, and times the studio."""
