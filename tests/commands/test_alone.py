"""One system a data folder."""

import pytest

from services.runtime.alone import alone_in
from services.runtime.errors import UserError


def test_a_second_system_on_a_folder_is_refused_and_says_what_to_do(tmp_path):
    with (
        alone_in(tmp_path),
        pytest.raises(UserError, match="another system already runs"),
        alone_in(tmp_path),
    ):
        raise AssertionError("both are in")


def test_the_folder_is_free_again_when_the_first_has_ended(tmp_path):
    with alone_in(tmp_path):
        pass
    with alone_in(tmp_path):
        assert (tmp_path / "system.lock").exists()
