"""``rootfs.py VENV ROOT SBOM [PROGRAM...]``: an image's root file system: Python, ``VENV``, programs, what these need, no more.

Shared libraries are those that the dynamic loader names. Of each Debian package that a file comes from there are its licence, its
entry in ``/var/lib/dpkg/status.d``, where scanners look, and a component in ``SBOM`` (CycloneDX), which goes into the image too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

USER = 10001
_MAKERS = (Path("/usr/sbin/update-ca-certificates"),)
"""No package owns what these have made, but it comes from theirs."""
_LEFT_OUT = (
    "test",
    "idlelib",
    "tkinter",
    "ensurepip",
    "lib2to3",
    "turtledemo",
    "site-packages",
    "dist-packages",
    "config-3*",
)
_UNUSED = (
    "tests",
    "SelfTest",
    "test_files",
    "*.pyi",
    "*.h",
    "*.pyx",
    "*.pxd",
    "libonnxruntime.so.*",
    "quantization",
    "transformers",
)
"""Of the environment: tests of libraries, what compilers read, a second onnxruntime for other languages, tools that make models."""
_ALSO = ("libgcc_s.so.1", "libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2")
"""Loaded by name while running: threads that end, host names."""
_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/usr/share/zoneinfo", "/etc/nsswitch.conf", "/etc/localtime")


def build(venv: Path, root: Path, sbom: Path, programs: Sequence[Path] = ()) -> None:
    """Fills ``root``, which must not be there yet."""
    interpreter = (venv / "bin" / "python3").resolve()
    library = Path(sysconfig.get_path("stdlib", vars={"base": sys.base_prefix, "installed_base": sys.base_prefix}))
    _skeleton(root)
    taken = [_copied(interpreter, root), _alias(interpreter, root)]
    for tree, leave in ((library, _LEFT_OUT), (venv, _UNUSED)):
        shutil.copytree(tree, root / str(tree).lstrip("/"), symlinks=True, ignore=shutil.ignore_patterns(*leave))
    taken += [file for file in library.rglob("*") if file.is_file() and (root / str(file).lstrip("/")).exists()]
    taken += [_copied(Path(file), root) for file in _FILES if os.path.exists(file)]
    taken += [_copied(program, root) for program in programs]
    taken += [_copied(file, root) for file in sorted(_libraries(root, (interpreter, library, venv, *programs)))]
    subprocess.run(["/sbin/ldconfig", "-r", str(root)], check=True)
    _packages(root, sbom, _owners([*taken, *_MAKERS]))


def _skeleton(root: Path) -> None:
    for folder in (
        "usr/bin",
        "usr/lib",
        "usr/lib64",
        "etc/deidstream",
        "var/lib/deidstream",
        "tmp",
        "models",
        "proc",
        "dev",
        "sys",
    ):
        (root / folder).mkdir(parents=True)
    for name in ("bin", "lib", "lib64"):  # as Debian has them
        (root / name).symlink_to(f"usr/{name}")
    (root / "tmp").chmod(0o1777)
    (root / "var/lib/deidstream").chmod(0o700)
    os.chown(root / "var/lib/deidstream", USER, USER)
    (root / "etc/passwd").write_text(
        f"root:x:0:0::/:/nonexistent\ndeidstream:x:{USER}:{USER}::/var/lib/deidstream:/nonexistent\n"
    )
    (root / "etc/group").write_text(f"root:x:0:\ndeidstream:x:{USER}:\n")


def _copied(file: Path, root: Path) -> Path:
    """Copies ``file`` (what a link points to, under the name of the link) or folder; returns it."""
    there = root / _unified(file).lstrip("/")
    there.parent.mkdir(parents=True, exist_ok=True)
    if file.is_dir():
        shutil.copytree(file, there, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(file, there)
    return file


def _alias(interpreter: Path, root: Path) -> Path:
    """The name by which the environment knows the interpreter."""
    link = interpreter.with_name("python3")
    if link.exists() and not (root / str(link).lstrip("/")).exists():
        (root / str(link).lstrip("/")).symlink_to(interpreter.name)
    return link


def _unified(file: Path) -> str:
    """``/lib/...`` is ``/usr/lib/...``."""
    return re.sub(r"^/(lib|lib64)/", r"/usr/\1/", str(file))


def _libraries(root: Path, trees: Iterable[Path]) -> Iterator[Path]:
    """What the programs and modules in ``trees`` are linked with, outside of these. Ends where something is nowhere."""
    files = [file for tree in trees for file in ([tree] if tree.is_file() else tree.rglob("*.so*"))]
    files = [file for file in files if (root / str(file).lstrip("/")).exists()]
    found: set[Path] = set()
    for file in files:
        there, missing = _linked(file)
        # What a wheel brings finds its companions when its module has loaded them.
        if nowhere := missing - {one.name for one in files}:
            raise SystemExit(f"{file}: {', '.join(sorted(nowhere))} is not there")
        found |= there
    folders = {file.parent for file in found}
    found |= {folder / name for folder in folders for name in _ALSO if (folder / name).exists()}
    return (file for file in found if not any(file.is_relative_to(tree) for tree in trees))


def _linked(file: Path) -> tuple[set[Path], set[str]]:
    """Paths of libraries, and names of those that the loader does not find."""
    said = subprocess.run(["/usr/bin/ldd", str(file)], capture_output=True, text=True, check=False).stdout
    paths = re.findall(r"(?:=> |^\t)(/\S+) \(0x", said, re.MULTILINE)
    return {Path(path) for path in paths}, set(re.findall(r"(\S+) => not found", said))


def _owners(files: Iterable[Path]) -> list[str]:
    """The Debian packages that ``files`` come from."""
    names: set[str] = set()
    for file in files:
        names |= {
            str(file),
            str(file.resolve()),
            _unified(file),
            re.sub("^/usr/(bin|lib|lib64)/", r"/\1/", str(file.resolve())),
        }
    done = subprocess.run(
        ["/usr/bin/dpkg-query", "--search", *sorted(names)], capture_output=True, text=True, check=False
    )
    return sorted(
        {
            line.partition(": ")[0].partition(":")[0]
            for line in done.stdout.splitlines()
            if not line.startswith("diversion")
        }
    )


def _packages(root: Path, sbom: Path, packages: Iterable[str]) -> None:
    document = json.loads(sbom.read_text("utf-8"))
    (root / "var/lib/dpkg/status.d").mkdir(parents=True)
    for name in packages:
        entry = subprocess.run(
            ["/usr/bin/dpkg-query", "--status", name], capture_output=True, text=True, check=True
        ).stdout
        (root / "var/lib/dpkg/status.d" / name).write_text(entry)
        document["components"].append(_component(name, entry))
        licence = Path("/usr/share/doc") / name / "copyright"
        if licence.exists():
            _copied(licence, root)
    there = root / "usr/share/doc/deidstream/sbom.cdx.json"
    there.parent.mkdir(parents=True)
    there.write_text(json.dumps(document, indent=1), "utf-8")


def _component(name: str, entry: str) -> dict[str, str]:
    fields = dict(re.findall(r"^(Version|Architecture): (.*)$", entry, re.MULTILINE))
    url = f"pkg:deb/debian/{name}@{fields['Version']}?arch={fields['Architecture']}"
    return {"type": "library", "bom-ref": url, "name": name, "version": fields["Version"], "purl": url}


if __name__ == "__main__":
    build(*map(Path, sys.argv[1:4]), programs=[Path(one) for one in sys.argv[4:]])
