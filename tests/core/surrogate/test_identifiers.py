"""Surrogates for numbers, with python-stdnum as an independent judge of check digits."""

from __future__ import annotations

import re
import uuid
from types import ModuleType

import pytest
from deidstream.core.surrogate.identifiers import Identifiers
from deidstream.core.surrogate.prf import Prf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.br import cpf
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.pt import nif

from tests.core.surrogate.conftest import aes

IDS = Identifiers(aes(b"k" * 32), Prf(b"p" * 32))
OTHER = Identifiers(aes(b"l" * 32), Prf(b"q" * 32))
surrogate = IDS.surrogate

values = st.text(alphabet="0123456789ABCDEFabcdefxyzXYZ-. /:_", min_size=1, max_size=24)
numbers = st.from_regex(r"[0-9]{1,12}", fullmatch=True)


def shape(value: str) -> str:
    return re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"[0-9]", "0", value)))


@given(values, values)
def test_two_identifiers_never_get_the_same_surrogate(one: str, other: str):
    assume(one != other)
    assert surrogate(one) != surrogate(other)


@given(st.one_of(values, numbers))
def test_letters_digits_case_and_separators_keep_their_places(value: str):
    assume(not re.fullmatch(r"[0-2](\.(0|[1-9][0-9]*)){3,}", value))  # an OID is remade as a whole
    assert shape(surrogate(value)) == shape(value)


@given(st.one_of(values, numbers))
def test_the_surrogate_differs_from_the_original(value: str):
    assume(re.search(r"[A-Za-z1-9]", value))
    assume(not re.fullmatch(r"[a-zA-Z]{2,8}[^a-zA-Z]*", value))  # a known prefix alone says nothing
    assert surrogate(value) != value


@given(numbers)
def test_a_number_reads_the_same_with_and_without_separators_and_prefix(number: str):
    made = surrogate(number)
    assert surrogate(f"MRN-{number}") == f"MRN-{made}"
    assert surrogate(f"mrn {number}") == f"mrn {made}"
    if len(number) > 4:
        assert surrogate(f"{number[:3]}-{number[3:]}") == f"{made[:3]}-{made[3:]}"


@given(numbers)
def test_leading_zeros_stay_and_no_others_appear(number: str):
    made = surrogate(number)
    if not _checked(number):
        assert len(made) - len(made.lstrip("0")) == len(number) - len(number.lstrip("0"))


def _checked(number: str) -> bool:
    from deidstream.core.surrogate.schemes import scheme_of

    return scheme_of(number, "0" * len(number)) is not None


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_small_domains_are_permuted_without_a_fixed_point(length: int):
    domain = [f"{number}" for number in range(10 ** (length - 1), 10**length)]
    images = [surrogate(value) for value in domain]
    assert sorted(images) == domain
    assert all(image != value for image, value in zip(images, domain, strict=True))


def test_all_of_a_domain_of_a_check_digit_scheme_is_permuted():
    domain = [str(number) for number in range(943_476_0000, 943_476_4000)]
    assert len({surrogate(value) for value in domain}) == len(domain)


SCHEMES: list[tuple[str, ModuleType, str]] = [
    ("NHS number", nhs, "943 476 5919"),
    ("Dutch BSN", bsn, "111222333"),
    ("Portuguese NIF", nif, "501964843"),
    ("Canadian SIN", luhn, "435123468"),
    ("Spanish DNI", dni, "54362315K"),
    ("Spanish NIE", nie, "X2482300W"),
    ("codice fiscale", codicefiscale, "RCCMNL83S18D969H"),
    ("French NIR", nir, "184127645108946"),
    ("Brazilian CPF", cpf, "390.533.447-05"),
    ("Polish PESEL", pesel, "44051401359"),
    ("payment card", luhn, "4111111111111111"),
    ("IMEI", luhn, "490154203237518"),
]


@pytest.mark.parametrize(("name", "judge", "value"), SCHEMES, ids=[row[0] for row in SCHEMES])
def test_check_digits_stay_valid(name: str, judge: ModuleType, value: str):
    assert judge.is_valid(value), "the sample itself"

    for one in (surrogate, OTHER.surrogate):
        made = one(value)
        assert judge.is_valid(made), name
        assert made != value


def test_a_us_npi_stays_valid_under_its_own_luhn_prefix():
    made = surrogate("1234567893")
    assert luhn.is_valid("80840" + made)
    assert made[0] in "12"


def test_a_german_kvnr_stays_valid():
    """GKV-Spitzenverband, sample from Anlage 1: the letter counts as two digits, weights 1 and 2."""
    made = surrogate("A000500015")
    number = f"{ord(made[0]) - 64:02d}{made[1:9]}"
    total = sum(sum(divmod(int(digit) * (1 + place % 2), 10)) for place, digit in enumerate(number))
    assert total % 10 == int(made[9])


@settings(max_examples=60)
@given(st.from_regex(r"[0-9]{9}", fullmatch=True))
def test_a_valid_number_stays_valid_and_an_invalid_one_invalid(payload: str):
    for check in "0123456789":
        value = payload + check
        assert nhs.is_valid(surrogate(value)) == nhs.is_valid(value) or _npi(value) or _npi(surrogate(value))


def _npi(value: str) -> bool:
    return value[0] in "12" and luhn.is_valid("80840" + value)


@given(st.uuids())
def test_uuids_become_uuids_of_the_same_version_with_and_without_a_urn(value: uuid.UUID):
    made = uuid.UUID(surrogate(str(value)))
    assert made.version == value.version
    assert made.variant == value.variant
    assert made != value
    assert surrogate(f"urn:uuid:{value}") == f"urn:uuid:{made}"
    assert surrogate(str(value).upper()) == str(made).upper() or not re.search("[a-f]", str(value))


def test_oids_become_uuid_derived_oids():
    made = surrogate("1.2.840.113619.2.55.3.604688119")
    assert re.fullmatch(r"2\.25\.[1-9][0-9]{0,38}", made)
    assert uuid.UUID(int=int(made[5:])).version == 4
    assert surrogate("urn:oid:1.2.840.113619.2.55.3.604688119") == f"urn:oid:{made}"


@given(st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True))
def test_fhir_ids_stay_fhir_ids(value: str):
    assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", surrogate(value))


def test_letters_of_other_scripts_give_an_opaque_code():
    made = surrogate("ПАЦ-77")
    assert re.fullmatch(r"[A-Z2-7]{16}", made)
    assert made != surrogate("ПАЦ-78")


@given(st.from_regex(r"[1-9][0-9]{11,13}", fullmatch=True))
def test_another_project_gives_another_surrogate(number: str):
    assert surrogate(number) != OTHER.surrogate(number)
