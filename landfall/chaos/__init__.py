"""The chaos run: torments a real stack by faults, lost events and kills, and audits it from outside."""
