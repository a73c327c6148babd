"""Phones, places, addresses on the net, offsets, tokens; and that a project's key decides all of them."""

from __future__ import annotations

import ipaddress
import re

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from deidstream.core.category import Category, Role
from deidstream.core.errors import Malformed
from deidstream.core.subject import Known, Subject
from deidstream.core.surrogate import name_tables, places
from deidstream.core.surrogate.locale import Locale
from deidstream.core.surrogate.names import unmarked
from deidstream.core.surrogate.person import Person, person
from deidstream.core.surrogate.surrogates import Surrogates
from deidstream.core.surrogate.tokens import reveal, token
from hypothesis import given
from hypothesis import strategies as st

from tests.core.surrogate.conftest import aes

WHO = Person("s1")


def made(surrogates: Surrogates, category: Category, value: str, form: str = "") -> str:
    text = surrogates.pseudonym(category, form, value, WHO)
    assert text is not None
    return text


@pytest.mark.parametrize(
    ("number", "reserved"),
    [
        ("(415) 867-5309", r"\(\d{3}\) 555-01\d\d"),
        ("+1 415 867 5309", r"\+1 \d{3} 555 01\d\d"),
        ("415.867.5309 x22", r"\d{3}\.555\.01\d\d x\d\d"),
        ("867-5309", r"555-01\d\d"),
        ("+44 20 7123 4567", r"\+44 20 7946 0\d{3}"),
        ("07911 123456", r"07700 900\d{3}"),
        ("+33 1 42 68 53 00", r"\+33 1 99 00 \d\d \d\d"),
        ("+33 6 12 34 56 78", r"\+33 6 39 98 \d\d \d\d"),
        ("+49 30 12345678", r"\+49 30 23125\d{3}"),
        ("+49 30 1234567", r"\+49 30 23125\d\d"),
        ("+34 912 345 678", r"\+34 \d{3} \d{3} \d{3}"),
        ("+61 2 9374 4000", r"\+61 [2378] (5550) \d{4}"),
        ("91 123 45 67", r"9[\d ]+"),
    ],
)
def test_phones_keep_their_punctuation_and_cannot_be_dialled(number: str, reserved: str, surrogates: Surrogates):
    assert re.fullmatch(reserved, made(surrogates, Category.PHONE, number, "phone"))


@pytest.mark.parametrize(
    ("country", "number", "reserved"),
    [
        ("FR", "01 18 47 81 74", r"01 99 00 \d\d \d\d"),  # ARCEP décision 2018-0881: 01 99 00, 02 61 91 ...
        ("FR", "02.41.35.36.37", r"02\.61\.91\.\d\d\.\d\d"),
        ("FR", "0612345678", r"063998\d{4}"),
        ("", "03 18 47 81 74", r"03 53 01 \d\d \d\d"),  # pairs are French
        ("DE", "0261 / 2311 216", r"0221 / 4710 \d{3}|0302 / 3125 \d{3}|0699 / 0009 \d{3}|0899 / 9998 \d{3}"),
        ("GB", "020 7123 4567", r"020 7946 0\d{3}"),
        ("IT", "06 9849899", r"0\d \d{7}"),
        ("ES", "99 865 69 85", r"9\d \d{3} \d\d \d\d"),
        ("US", "(207) 555-3753", r"\(\d{3}\) 555-01\d\d"),
        ("FR", "(207) 555-3753", r"\(\d{3}\) 555-01\d\d"),  # does not fit the plan: an American visitor
    ],
)
def test_a_national_phone_follows_the_plan_of_its_country(
    country: str, number: str, reserved: str, surrogates: Surrogates
):
    who = Person("s1", locale=Locale("", country))
    assert re.fullmatch(reserved, surrogates.pseudonym(Category.PHONE, "phone", number, who) or "")


@given(
    st.from_regex(r"[+]?[(]?[0-9]{2,5}[)]?[ /.-]?[0-9]{2,4}[ .-]?[0-9]{2,6}", fullmatch=True),
    st.sampled_from(["", "FR", "DE", "US", "GB", "IT", "SE", "AU", "IE"]),
)
def test_a_phone_never_changes_its_shape(number: str, country: str):
    surrogates = Surrogates(b"a" * 32, aes)
    made = surrogates.pseudonym(Category.PHONE, "phone", number, Person("s1", locale=Locale("", country)))
    assert made is not None
    assert re.sub(r"\d", "0", made) == re.sub(r"\d", "0", number)


FRENCH = person(
    Subject(
        "s1",
        sex="male",
        known=(
            Known(Category.NAME, Role.PATIENT, "family", "Kervella", "1"),
            Known(Category.NAME, Role.PATIENT, "given", "Ferdinand", "1"),
            Known(Category.COUNTRY, Role.PATIENT, "country", "FRA", "2"),
        ),
    )
)


def test_address_and_name_are_of_the_country_of_the_subject(surrogates: Surrogates):
    names = name_tables.table("fr")
    cities = set(places._names("cities", "fr", ""))
    assert surrogates.pseudonym(Category.NAME, "family", "Kervella", FRENCH) in {unmarked(n) for n in names.family}
    assert surrogates.pseudonym(Category.NAME, "given", "Ferdinand", FRENCH) in {unmarked(n) for n in names.male}
    assert surrogates.pseudonym(Category.CITY, "city", "Saint-Aubin", FRENCH) in cities
    street = surrogates.pseudonym(Category.STREET, "line", "Le Bourg 4", FRENCH) or ""
    assert re.fullmatch(r"(rue|avenue|boulevard|chemin) .+ \d+", street)


def test_streets_and_cities_need_no_character_that_some_charset_lacks(surrogates: Surrogates):
    for place in range(40):
        who = Person(f"s{place}", locale=Locale("fr", "FR"))
        for category, value in ((Category.STREET, "12 rue de la Liberté"), (Category.CITY, "Évry")):
            assert (surrogates.pseudonym(category, "line", value, who) or "é").isascii()


def test_a_point_of_care_is_never_a_city(surrogates: Surrogates):
    """PL.1 to PL.3 of HL7 v2 are codes, and stay so."""
    for value in ("CARD", "12", "A", "Main Building", "Cardiology"):
        made = surrogates.pseudonym(Category.PLACE, "code", value, WHO) or ""
        assert [(c.isdigit(), c.isupper()) for c in made] == [(c.isdigit(), c.isupper()) for c in value]


def test_a_phone_is_the_same_however_it_is_punctuated(surrogates: Surrogates):
    written = ["(415) 867-5309", "415-867-5309", "4158675309", "+1 415 867 5309", "1-415-867-5309"]
    assert len({re.sub(r"\D", "", made(surrogates, Category.PHONE, one))[-10:] for one in written}) == 1


@given(st.from_regex(r"[0-9]{3,15}", fullmatch=True))
def test_no_phone_comes_back(number: str):
    surrogates = Surrogates(b"a" * 32, aes)
    assert surrogates.pseudonym(Category.PHONE, "phone", number, WHO) != number


def test_mail_and_web_addresses_belong_to_documentation_domains(surrogates: Surrogates):
    """RFC 2606, section 3."""
    assert re.fullmatch(
        r"[a-z2-7]+@example\.(org|com|net)", made(surrogates, Category.EMAIL, "John.Smith@hospital.org")
    )
    assert made(surrogates, Category.EMAIL, "A@B.org") == made(surrogates, Category.EMAIL, "a@b.ORG")
    assert made(surrogates, Category.URL, "https://hospital.org/p/1").startswith("https://example.org/")
    assert made(surrogates, Category.EMAIL, "mailto:a@b.org").startswith("mailto:")


@pytest.mark.parametrize("address", ["10.1.2.3", "8.8.8.8", "2a00:1450:4001:80b::200e"])
def test_ip_addresses_belong_to_documentation_ranges(address: str, surrogates: Surrogates):
    """RFC 5737 and RFC 3849."""
    ranges = map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))
    got = ipaddress.ip_address(made(surrogates, Category.IP_ADDRESS, address))
    assert any(got.version == network.version and got in network for network in ranges)


def test_what_is_no_ip_address_gives_nothing(surrogates: Surrogates):
    assert surrogates.pseudonym(Category.IP_ADDRESS, "ip", "workstation7", WHO) is None


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("1600 Pennsylvania Ave", r"\d+ [A-Z]\w+ \w+"),
        ("Königstraße 28", r"[A-ZÄÖÜ][\wß]+ \d+"),
        ("12 rue de Rivoli", r"\d+ (rue|avenue|boulevard|chemin|impasse) .+"),
        ("CALLE ALCALÁ 45", r"[A-ZÁÉÍÓÚÑ ]+ \d+"),
        ("123 Main St Apt 4", r"\d+ .+, Apt \d+"),
        ("Apt 12", r"Apt \d+"),
    ],
)
def test_streets_keep_language_case_and_the_place_of_the_number(line: str, form: str, surrogates: Surrogates):
    text = made(surrogates, Category.STREET, line, "line")
    assert re.fullmatch(form, text)
    assert text != line


def test_cities_stay_in_their_country(surrogates: Surrogates):
    import json
    from pathlib import Path

    import deidstream.core.surrogate.places as places

    table = json.loads((Path(places.__file__).parent / "tables/places.json").read_text(encoding="utf-8"))
    assert made(surrogates, Category.CITY, "Leipzig") in set(table["de"]["cities"]) - {"Leipzig"}
    assert made(surrogates, Category.CITY, "LYON").title() in {city.title() for city in table["fr"]["cities"]}


@pytest.mark.parametrize("code", ["10115", "SW1A 1AA", "1012 AB", "90210-1234", "1000-205"])
def test_postal_codes_keep_their_shape(code: str, surrogates: Surrogates):
    text = made(surrogates, Category.POSTAL_CODE, code)
    assert re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", text)) == re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", code))
    assert text != code


def test_an_institution_is_the_same_for_every_patient_and_keeps_its_kind(surrogates: Surrogates):
    one = surrogates.pseudonym(Category.ORGANISATION, "text", "Good Health Hospital", Person("s1"))
    two = surrogates.pseudonym(Category.ORGANISATION, "text", "GOOD HEALTH HOSPITAL", Person("s2"))
    assert one is not None
    assert two == one.upper()
    assert re.fullmatch(r"\w+ \w+ Hospital \d{6}", one)


@given(st.text(min_size=1, max_size=12), st.integers(-4000, 4000), st.integers(0, 4000))
def test_offsets_lie_in_the_range_and_are_never_zero(subject: str, low: int, width: int):
    surrogates = Surrogates(b"a" * 32, aes)
    if low <= 0 <= low + width and width == 0:
        return
    days = surrogates.offset(subject, low, low + width)
    assert low <= days <= low + width
    assert days != 0


def test_all_offsets_of_a_range_occur(surrogates: Surrogates):
    assert {surrogates.offset(f"s{number}", -2, 2) for number in range(200)} == {-2, -1, 1, 2}


def test_another_project_shifts_and_names_differently(surrogates: Surrogates, elsewhere: Surrogates):
    people = [f"s{number}" for number in range(20)]
    assert [surrogates.offset(one, -365, -30) for one in people] != [elsewhere.offset(one, -365, -30) for one in people]
    assert surrogates.subject_key("s1") != elsewhere.subject_key("s1")
    assert surrogates.identifier("4711-0815") != elsewhere.identifier("4711-0815")


class Brought:
    """Three numbers with pseudonyms from before."""

    pairs = {"123": "456", "456": "789", "777": "123"}

    def pseudonym(self, identifier: str) -> str | None:
        return self.pairs.get(identifier)

    def original(self, pseudonym: str) -> str | None:
        return next((one for one, other in self.pairs.items() if other == pseudonym), None)

    def offset(self, keys: tuple[str, ...]) -> int | None:
        return 77 if "123" in keys else None


def test_imported_pseudonyms_win_and_nothing_collides_with_them():
    surrogates = Surrogates(b"a" * 32, aes, imported=Brought())
    domain = [str(number) for number in range(100, 1000)]
    images = [surrogates.identifier(value) for value in domain]
    assert sorted(images) == domain
    assert surrogates.identifier("123") == "456"
    assert surrogates.offset("s1", -10, -1, ("x", "123")) == 77
    assert surrogates.offset("s1", -10, -1, ("x",)) in range(-10, 0)


class Siv:
    """AES-SIV under a fixed key."""

    siv = AESSIV(b"t" * 64)

    def encrypt(self, plaintext: bytes) -> bytes:
        return self.siv.encrypt(plaintext, None)

    def decrypt(self, ciphertext: bytes) -> bytes:
        return self.siv.decrypt(ciphertext, None)


@given(st.text(min_size=1, max_size=60))
def test_tokens_are_reversed_and_equal_for_equal_values(value: str):
    text = token(value, Siv())
    assert text is not None
    assert re.fullmatch(r"TKN-[A-Z2-7]+", text)
    assert token(value, Siv()) == text
    assert reveal(text, Siv()) == value


def test_a_token_that_would_not_fit_is_not_made():
    assert token("x" * 40, Siv(), longest=64) is None
    assert len(token("x" * 20, Siv(), longest=64) or "") <= 64


@pytest.mark.parametrize("text", ["", "TKN-", "TKN-abc", "12345678", "TKN-" + "A" * 29 + "1"])
def test_what_is_no_token_is_refused_without_repeating_it(text: str):
    with pytest.raises(Malformed) as caught:
        reveal(text, Siv())
    assert str(caught.value) == "not-a-token"


@pytest.mark.parametrize(
    ("place", "form"),
    [
        ("Bed 12", r"Bed [1-9]\d"),
        ("CCU", "[A-Z]{3}"),
        ("Ward 4B North", r"Ward [1-9][A-Z] \w{5}"),
        ("2000", r"[1-9]\d{3}"),
        ("Springfield", r"[A-Z].+"),
    ],
)
def test_wards_and_beds_stay_codes_and_places_on_the_map_become_cities(place: str, form: str, surrogates: Surrogates):
    text = made(surrogates, Category.PLACE, place, "place")
    assert re.fullmatch(form, text)
    assert text != place


def test_two_wards_never_become_one(surrogates: Surrogates):
    wards = [f"W{number}" for number in range(10, 100)]
    assert len({made(surrogates, Category.PLACE, ward, "place") for ward in wards}) == len(wards)
