"""Hearing of what can be read, also by the descriptors of a process that has very many."""

import os
import resource
import socket

import pytest
from deidstream.adapters.readable import is_readable

_BEYOND_SELECT = 1_500


@pytest.fixture(params=["low", "beyond select"])
def pair(request):
    ours, theirs = socket.socketpair()
    descriptor = os.dup(ours.fileno())
    if request.param != "low":
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= _BEYOND_SELECT:
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (_BEYOND_SELECT + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
            )
        os.dup2(descriptor, _BEYOND_SELECT)
        os.close(descriptor)
        descriptor = _BEYOND_SELECT
    yield descriptor, theirs
    os.close(descriptor)
    ours.close()
    theirs.close()


def test_nothing_sent_is_nothing_to_read(pair):
    assert not is_readable(pair[0])
    assert not is_readable(pair[0], 0.01)


def test_what_was_sent_can_be_read(pair):
    pair[1].send(b"x")
    assert is_readable(pair[0])


def test_an_end_is_heard_of(pair):
    pair[1].close()
    assert is_readable(pair[0])
