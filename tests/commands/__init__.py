"""What a person types: each command, in this process and on a real stack."""
