"""The local functions host, with small apps on a real storage emulator."""
