"""Keys and ciphers for the pure surrogates."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from deidstream.core.category import Category, Role
from deidstream.core.subject import Known, Subject
from deidstream.core.surrogate.ff1 import BlockCipher
from deidstream.core.surrogate.person import Person, person
from deidstream.core.surrogate.surrogates import Surrogates


def aes(key: bytes) -> BlockCipher:
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update


@pytest.fixture(scope="session")
def surrogates() -> Surrogates:
    return Surrogates(b"a" * 32, aes)


@pytest.fixture(scope="session")
def elsewhere() -> Surrogates:
    """Another project."""
    return Surrogates(b"b" * 32, aes)


@pytest.fixture(scope="session")
def john() -> Person:
    def name(form: str, value: str) -> Known:
        return Known(Category.NAME, Role.PATIENT, form, value, "1")

    return person(Subject("s1", known=(name("family", "SMITH"), name("given", "JOHN"), name("middle", "Quincy"))))
