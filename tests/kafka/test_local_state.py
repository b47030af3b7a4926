"""The local tables are trusted after a clean stop and after nothing else."""

import pytest

from services.runtime.kafka.local_state import FolderInUse, LocalState


def test_tables_are_kept_after_a_clean_stop(tmp_path):
    with LocalState(tmp_path) as state:
        (state.tables / "data").write_text("known")
        state.stopped_cleanly()
    with LocalState(tmp_path) as state:
        assert (state.tables / "data").read_text() == "known"
        assert not state.was_dropped


def test_tables_are_dropped_after_a_stop_without_its_mark(tmp_path):
    with LocalState(tmp_path) as state:
        (state.tables / "data").write_text("perhaps ahead of the changelog")
    with LocalState(tmp_path) as state:
        assert state.was_dropped
        assert list(state.tables.iterdir()) == []


def test_a_mark_counts_for_one_start_only(tmp_path):
    with LocalState(tmp_path) as state:
        state.stopped_cleanly()
    with LocalState(tmp_path) as state:
        (state.tables / "data").write_text("perhaps ahead of the changelog")
    with LocalState(tmp_path) as state:
        assert state.was_dropped


def test_a_second_worker_is_refused_the_folder(tmp_path):
    with LocalState(tmp_path), pytest.raises(FolderInUse, match="used by another process"):
        LocalState(tmp_path).__enter__()
