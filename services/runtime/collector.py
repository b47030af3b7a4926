"""Python's garbage collector in a process that holds much and makes little garbage in circles."""

import gc


def calm_the_collector() -> None:
    """What is loaded now stays, and need not be looked through again; full collections of a large process
    took 70 ms each, in the middle of requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
