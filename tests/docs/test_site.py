"""The site: every page is in it, the reference is that of the code, and nothing is loaded from elsewhere. `make docs` builds it."""

from __future__ import annotations

import re

import pytest
import yaml
from deidstream.cli.__main__ import COMMANDS
from deidstream.cli.config import schema_of
from deidstream.stream.deployment import SECTIONS

from tests.docs.pages import DOCS, ROOT
from tools import reference
from tools.check_site import loads, loads_of_style


def _nav(entries: object) -> list[str]:
    if isinstance(entries, str):
        return [entries]
    found = entries.values() if isinstance(entries, dict) else entries
    return [page for one in found for page in _nav(one)]  # type: ignore[union-attr]


def test_every_page_is_in_the_menu_and_every_entry_has_a_page() -> None:
    nav = set(_nav(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    written = {file.relative_to(DOCS).as_posix() for file in DOCS.rglob("*.md")}
    made = {f"reference/{name}" for name in ("configuration.md", "policies.md", "commands.md", "wire.md", "dicom.md")}
    assert nav == written | made | {"developers/architecture.md", "developers/changelog.md"}


def test_links_between_pages_and_to_files_of_the_repository_lead_somewhere() -> None:
    for file in DOCS.rglob("*.md"):
        for path in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", file.read_text()):
            if "reference/" not in path:
                assert (file.parent / path).exists(), f"{file.relative_to(ROOT)}: {path}"


def test_the_reference_has_every_section_and_every_setting() -> None:
    page, schema = reference.configuration(), schema_of()
    assert set(schema["properties"]) == set(SECTIONS)
    for section in SECTIONS:
        assert f"\n## {section}\n" in page
    for model in (*schema["properties"].values(), *schema["$defs"].values()):
        for name in model.get("properties", {}):
            assert f"| `{name}` |" in page


def test_most_settings_say_what_they_mean() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]*)\|$", reference.configuration(), re.MULTILINE)
    assert sum(bool(meaning.strip()) for _, meaning in rows) > 0.6 * len(rows)


def test_the_reference_has_every_command_and_every_message() -> None:
    commands, wire = reference.commands(), reference.wire()
    for name in COMMANDS:
        assert f"\n## deidstream {name}\n" in commands
    messages = re.findall(
        r"^message (\w+)", "".join(file.read_text() for file in (ROOT / "protos").rglob("*.proto")), re.M
    )
    assert messages
    for name in messages:
        assert f"\n### {name}\n" in wire


def test_the_reference_has_every_profile() -> None:
    page = reference.policies()
    for name in ("hipaa-safe-harbor", "hipaa-limited-data-set", "gdpr-pseudonymised", "research-dates-shifted"):
        assert f"\n## {name}\n" in page


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<script src="https://cdn.example/x.js"></script>', ["https://cdn.example/x.js"]),
        ('<link rel="stylesheet" href="//fonts.example/css">', ["//fonts.example/css"]),
        ('<link rel="preconnect" href="https://fonts.example">', ["https://fonts.example"]),
        ('<img src="drawings/flow.svg"><a href="https://example.org">link</a>', []),
        ('<script src="assets/bundle.js"></script><link rel="canonical" href="https://example.org/">', []),
    ],
)
def test_what_a_browser_would_load_from_elsewhere_is_found(html: str, found: list[str]) -> None:
    assert loads(html) == found


def test_what_a_style_sheet_would_load_from_elsewhere_is_found() -> None:
    assert loads_of_style('@import "https://fonts.example/a.css"; a{background:url(x.png)}') == [
        "https://fonts.example/a.css"
    ]
