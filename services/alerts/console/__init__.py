"""The console: where a handler sees what was found, why, and what to do next."""
