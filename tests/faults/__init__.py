"""The long fault profiles: `make test-faults`."""
