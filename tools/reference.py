"""Reference pages of the docs site, from the code itself: configuration, policies, command line, wire form, DICOM.

``pages()`` gives Markdown by file name; ``tools/make_docs.py`` puts them beside what people wrote.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import typer
from deidstream.adapters import policy_files
from deidstream.cli.__main__ import COMMANDS, app, main
from deidstream.cli.config import schema_of
from deidstream.core.category import HIPAA_CLASS, QUASI_IDENTIFIERS, Category, Role
from deidstream.core.finding import Finding

__all__ = ["pages"]

ROOT = Path(__file__).parents[1]
ROLES = (Role.PATIENT, Role.RELATIVE, Role.CLINICIAN)
Json = dict[str, Any]


def pages() -> dict[str, str]:
    """Markdown by name."""
    return {
        "configuration.md": configuration(),
        "policies.md": policies(),
        "commands.md": commands(),
        "wire.md": wire(),
        "dicom.md": _printed("dicom", "conformance"),
    }


def configuration() -> str:
    """Every setting of ``deidstream.yaml``: type, default, meaning."""
    schema = schema_of()
    lines = [
        "# Configuration",
        "",
        "Every setting of `deidstream.yaml`, from the models that the processes read it with. `deidstream config schema` prints",
        "the same as JSON schema (editors complete by it); `deidstream config check` names the first mistake with its line.",
        "`DEIDSTREAM_SECTION__SETTING` in the environment wins over the file.",
    ]
    for section, model in schema["properties"].items():
        lines += ["", f"## {section}", "", *_described(model), *_table(model, schema["$defs"])]
        for name in _named(model, schema["$defs"]):
            lines += ["", f"### {_short(name)} {{#{_anchor(name)}}}", ""]
            lines += [*_described(schema["$defs"][name]), *_table(schema["$defs"][name], schema["$defs"])]
    return "\n".join(lines) + "\n"


def _described(model: Json) -> Iterator[str]:
    if text := model.get("description", ""):
        yield _prose(text)
        yield ""


def _table(model: Json, definitions: Json) -> Iterator[str]:
    if not model.get("properties"):
        return
    required = set(model.get("required", ()))
    yield "| setting | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, one in model["properties"].items():
        default = "**required**" if name in required else _default(one, definitions)
        yield f"| `{name}` | {_cell(_type(one))} | {default} | {_cell(_prose(one.get('description', '')))} |"


def _default(one: Json, definitions: Json) -> str:
    value = one.get("default")
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, Mapping | list) and (len(str(value)) > 60 or _references(one)):
        return "see below" if _references(one) else "several"
    return f"`{_cell(str(value).lower() if isinstance(value, bool) else str(value))}`"


def _type(one: Json) -> str:
    if "$ref" in one:
        name = one["$ref"].rpartition("/")[2]
        return f"[{_short(name)}](#{_anchor(name)})"
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"])
    if "const" in one:
        return f"`{one['const']}`"
    if options := one.get("anyOf") or one.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(option) for option in options if option.get("type") != "null"))
    kind = one.get("type", "any")
    if kind == "array":
        return f"list of {_type(one['items'])}" if "items" in one else "list"
    if kind == "object" and isinstance(one.get("additionalProperties"), dict):
        return f"mapping to {_type(one['additionalProperties'])}"
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}.get(kind, kind)


def _references(one: object) -> list[str]:
    """Names of the definitions that ``one`` refers to, in order."""
    if isinstance(one, Mapping):
        own = [one["$ref"].rpartition("/")[2]] if "$ref" in one else []
        return own + [name for key, value in one.items() if key != "default" for name in _references(value)]
    return [name for value in one for name in _references(value)] if isinstance(one, list) else []


def _named(model: Json, definitions: Json) -> list[str]:
    """Those below ``model``, each once."""
    found: dict[str, None] = {}
    waiting = _references(model.get("properties", {}))
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            waiting += _references(definitions[name].get("properties", {}))
    return list(found)


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _anchor(name: str) -> str:
    return name.lower().replace(".", "-")


def _prose(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", " ".join(text.split()))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def policies() -> str:
    """What each shipped profile does with each category, and the keys of a policy file."""
    lines = ["# Policies", "", "`deidstream policy show NAME` prints one of these tables, of your own file too."]
    for name in policy_files.shipped():
        policy = policy_files.load(name)
        lines += ["", f"## {name}", "", f"{policy.description} Version {policy.version}, hash `{policy.hash}`.", ""]
        lines += [
            "| category | HIPAA class | quasi-identifier | patient | relative | clinician |",
            "|---|---|---|---|---|---|",
        ]
        for category in Category:
            methods = [str(policy.rule(Finding("", None, category, 1.0, "", role), "").method) for role in ROLES]
            quasi = "x" if category in QUASI_IDENTIFIERS else ""
            lines.append(f"| {category} | {HIPAA_CLASS.get(category, '')} | {quasi} | {' | '.join(methods)} |")
    schema = policy_files.SCHEMA.read_text(encoding="utf-8")
    lines += ["", "## The schema of policy files", "", "```json", schema.strip(), "```", ""]
    return "\n".join(lines)


def commands() -> str:
    """The help of every command."""
    lines = [
        "# Command line",
        "",
        "What `deidstream COMMAND --help` says.",
        "",
        "```text",
        _printed("--help").strip(),
        "```",
    ]
    for name in COMMANDS:
        for path in ((name,), *((name, one) for one in _below(name))):
            lines += ["", f"{'#' * (len(path) + 1)} deidstream {' '.join(path)}", ""]
            lines += ["```text", _printed(*path, "--help").strip(), "```"]
    return "\n".join(lines) + "\n"


def _below(name: str) -> list[str]:
    root: Any = typer.main.get_command(app)
    _, command, _ = root.resolve_command(None, [name])
    return list(getattr(command, "commands", {}))


def _printed(*arguments: str) -> str:
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with redirect_stdout(out):
        try:
            main(arguments)
        except SystemExit as ended:
            if ended.code:
                raise
    out.flush()
    return out.buffer.getvalue().decode("utf-8")


def wire() -> str:
    """Messages of protos/, with the comments that stand above them."""
    lines = [
        "# Wire form",
        "",
        "What lies on the bus and on the shelf: `deidstream.wire.v1`. Fields are only ever added; a record that asks for a newer",
        "reader says so (`requires`), and an older one stops at it instead of passing over what it does not know.",
    ]
    for proto in sorted((ROOT / "protos").rglob("*.proto")):
        text = proto.read_text(encoding="utf-8")
        lines += ["", f"## {proto.stem}", "", *_comment(text.partition("package ")[0].partition(";")[2])]
        for comment, name, body in re.findall(r"((?:^//[^\n]*\n)*)^message (\w+) \{(.*?)^\}", text, re.S | re.M):
            lines += [
                "",
                f"### {name}",
                "",
                *_comment(comment),
                "| number | field | type | meaning |",
                "|---|---|---|---|",
            ]
            for said, kind, field, number in re.findall(
                r"((?:^\s*//[^\n]*\n)*)^\s+([\w. <>,]+?) (\w+) = (\d+)", body, re.M
            ):
                lines.append(f"| {number} | `{field}` | {kind.strip()} | {_cell(' '.join(_comment(said)).strip())} |")
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    said = " ".join(
        line.strip().removeprefix("//").strip() for line in text.splitlines() if line.strip().startswith("//")
    )
    return [said, ""] if said else []
