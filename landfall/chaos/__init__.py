"""The chaos run: injects faults, loses events and kills processes of a real stack, then audits it from outside."""
