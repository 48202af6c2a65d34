"""One thread for each training: on busy cores several wait for each other longer than they compute."""

import torch

from fieldwright.flows.tasks import one_thread


def test_one_thread_holds_for_torch_too_and_is_given_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
