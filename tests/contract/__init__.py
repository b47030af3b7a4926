"""The law of contract section 3, told once and held to by both runtimes."""
