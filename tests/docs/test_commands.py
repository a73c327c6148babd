"""Every command in README and docs/ is run: each page as a reader does it, in a fresh folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from deidstream.cli.__main__ import COMMANDS, app

from tests.docs.elsewhere import ELSEWHERE
from tests.docs.given import GIVEN
from tests.docs.pages import DOCS, ROOT, Block, blocks_of, inline_commands, pages
from tests.docs.session import Session

_SERVED = ("deidstream up",)


def _slow(page: Path) -> bool:
    return any(line.startswith(_SERVED) for block in blocks_of(page) for line in block.commands)


def _nothing(_: Path) -> None:
    """A page that takes nothing for granted."""


_PAGES = [
    pytest.param(page, id=page.relative_to(ROOT).as_posix(), marks=[pytest.mark.slow] if _slow(page) else [])
    for page in pages()
    if any(block.language != "text" for block in blocks_of(page))
]


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_works_as_it_is_written(page: Path, tmp_path: Path) -> None:
    GIVEN.get(page.relative_to(ROOT).as_posix(), _nothing)(tmp_path)
    session = Session(tmp_path)
    try:
        for block in blocks_of(page):
            session.do(block)
        session.close()
    finally:
        session.kill()


def test_what_is_left_out_is_left_out_for_a_reason_that_still_holds() -> None:
    lines = [line for page in pages() for block in blocks_of(page) if block.language == "sh" for line in block.commands]
    unused = [name for name in ELSEWHERE if not any(line.startswith(name) for line in lines)]
    assert not unused, f"no page says {unused}"
    for reason in ELSEWHERE.values():
        for named in re.findall(r"tests/[\w/]+(?:\.py)?", reason):
            assert (ROOT / named).exists(), named


def test_every_command_named_in_prose_exists_with_its_options() -> None:
    root = typer.main.get_command(app)
    wrong = [
        f"{page.relative_to(ROOT)}: {said}"
        for page in pages()
        for said in inline_commands(page)
        if not _known(root, said)
    ]
    assert not wrong


def _known(root: Any, said: str) -> bool:  # Any: typer's classes
    name, *words = said.split()[1:]
    if name not in COMMANDS:
        return False
    _, command, _ = root.resolve_command(None, [name])
    while words and hasattr(command, "commands"):
        command = command.commands.get(words.pop(0))
        if command is None:
            return False
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return all(word.partition("=")[0] in options | {"--help"} for word in words if word.startswith("--"))


@pytest.mark.parametrize(
    ("language", "title", "text", "said"),
    [
        ("sh", "", "deidstream no-such-command\n", "exit code 2"),
        ("sh", "", "deidstream config check --config missing.yaml\n", "exit code 2"),
        ("yaml", "", "a: 1\n", "nobody accounts"),
        ("", "", "something\n", "nobody accounts"),
        ("text", "", "deidstream up\n", "run by nobody"),
        ("sh", "", "kubectl get pods\ndeidstream policy show\n", "run by nobody"),
        ("sh", "", "make no-such-target\n", "no target"),
    ],
    ids=["unknown", "failing", "yaml", "no language", "text", "hidden", "make"],
)
def test_what_does_not_work_or_is_nobodys_fails(
    tmp_path: Path, language: str, title: str, text: str, said: str
) -> None:
    with pytest.raises(AssertionError, match=said):
        Session(tmp_path).do(Block("page.md", 1, language, title, text))


def test_output_that_differs_fails(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.do(Block("page.md", 1, "sh", "", "echo one two; echo three; true\n"))
    session.do(Block("page.md", 2, "output", "", "one ...\nthree\n"))
    with pytest.raises(AssertionError, match=r"page\.md:3"):
        session._compare(Block("page.md", 3, "output", "", "one\nthree\n"))


def test_there_are_pages_to_do() -> None:
    assert DOCS / "start.md" in pages()
