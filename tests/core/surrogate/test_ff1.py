"""FF1 against the sample vectors that NIST publishes (FF1samples.pdf, for SP 800-38G)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from deidstream.core.surrogate.ff1 import FF1
from hypothesis import given
from hypothesis import strategies as st

KEY_128 = "2B7E151628AED2A6ABF7158809CF4F3C"
KEY_192 = KEY_128 + "EF4359D8D580AA4F"
KEY_256 = KEY_192 + "7F036D6F04FC6A94"
TWEAK = "39383736353433323130"
LONG_TWEAK = "3737373770717273373737"
NUMERALS = "0123456789abcdefghijklmnopqrstuvwxyz"

SAMPLES = [
    (1, KEY_128, 10, "", "0123456789", "2433477484"),
    (2, KEY_128, 10, TWEAK, "0123456789", "6124200773"),
    (3, KEY_128, 36, LONG_TWEAK, "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (4, KEY_192, 10, "", "0123456789", "2830668132"),
    (5, KEY_192, 10, TWEAK, "0123456789", "2496655549"),
    (6, KEY_192, 36, LONG_TWEAK, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (7, KEY_256, 10, "", "0123456789", "6657667009"),
    (8, KEY_256, 10, TWEAK, "0123456789", "1001623463"),
    (9, KEY_256, 36, LONG_TWEAK, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]


def cipher(key: str, radix: int, tweak: str) -> FF1:
    block = Cipher(algorithms.AES(bytes.fromhex(key)), modes.ECB()).encryptor().update
    return FF1(block, radix, bytes.fromhex(tweak))


def text(number: int, radix: int, length: int) -> str:
    out = ""
    for _ in range(length):
        number, digit = divmod(number, radix)
        out = NUMERALS[digit] + out
    return out


@pytest.mark.parametrize(("sample", "key", "radix", "tweak", "plain", "sealed"), SAMPLES)
def test_the_nist_samples_encrypt_and_decrypt(sample: int, key: str, radix: int, tweak: str, plain: str, sealed: str):
    ff1 = cipher(key, radix, tweak)
    assert text(ff1.encrypt(int(plain, radix), len(plain)), radix, len(plain)) == sealed
    assert text(ff1.decrypt(int(sealed, radix), len(plain)), radix, len(plain)) == plain


@given(st.sampled_from([2, 10, 36]), st.integers(2, 120), st.data())
def test_decryption_undoes_encryption_at_any_length(radix: int, length: int, data: st.DataObject):
    number = data.draw(st.integers(0, radix**length - 1))
    ff1 = cipher(KEY_256, radix, TWEAK)
    sealed = ff1.encrypt(number, length)
    assert 0 <= sealed < radix**length
    assert ff1.decrypt(sealed, length) == number


def test_every_number_of_a_small_domain_has_its_own_image():
    ff1 = cipher(KEY_256, 10, "")
    assert {ff1.encrypt(number, 3) for number in range(1000)} == set(range(1000))
