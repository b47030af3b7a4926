"""`python -m bench.unwatched up`: `qingfeng` with every metric and log line silenced, to compare with."""

from typing import Any

from services.runtime import logs, metrics


class _Silent:
    """A metric that counts nothing."""

    def labels(self, *_: Any) -> "_Silent":
        return self

    def nothing(self, *_: Any) -> None:
        """Whatever it is told."""

    inc = set = observe = set_function = set_to_current_time = clear = nothing


def _silent(*_: Any, **__: Any) -> _Silent:
    return _Silent()


if __name__ == "__main__":
    metrics.counter = metrics.gauge = metrics.histogram = _silent  # type: ignore[assignment]
    logs._Log._write = _Silent.nothing  # type: ignore[assignment, method-assign]
    from services.__main__ import main

    main()
