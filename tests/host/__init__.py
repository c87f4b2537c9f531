"""The local functions host, tried with small apps on a real storage emulator."""
