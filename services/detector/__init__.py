"""The judge: settlement facts in, explained findings out. A function of facts, nothing else."""
