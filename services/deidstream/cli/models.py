"""``deidstream models``: released taggers and models of pictures, and a Triton server's repository of them."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from deidstream.adapters import signature
from deidstream.adapters.pictures import models as pictures
from deidstream.adapters.s3_client import S3Address, S3Bucket, guarded
from deidstream.adapters.taggers import folder_of
from deidstream.adapters.triton_repository import FILE, Serving, placed, served
from deidstream.core.errors import DeidstreamError, Misconfigured
from deidstream.detection.text.tagger.description import DESCRIPTION, MODEL, Description, described
from deidstream.detection.text.tagger.packed import unpacked
from deidstream.stream.buckets import BucketAccess

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Released models, and Triton's repository of them.")

_Model = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="Folder of a released tagger (or standard, fast), or of a model of pictures."),
]


@app.command("list")
def list_(folder: Annotated[Path, typer.Argument(help="Where taggers lie, at any depth.")] = Path("models")) -> None:
    """Show the models in a folder; exit code 1 where one is not as it was released.

    \b
    Example:
      deidstream models list models/
    """
    table = Table(
        Column("folder", overflow="fold"),
        Column("name", overflow="fold"),
        "version",
        "categories",
        "MB",
        "files",
        "signed",
    )
    wrong = False
    for path in sorted([*folder.rglob(DESCRIPTION), *folder.rglob(pictures.DESCRIPTION)]):
        try:
            row = _row(path.parent, _described(path.parent))
        except DeidstreamError as error:
            row, wrong = ("", "", "", "", error.code, ""), True
        table.add_row(os.path.relpath(path.parent, folder), *row)
    if not table.row_count:
        raise Misconfigured("no-model", str(folder), f"there is no {DESCRIPTION} in it")
    Console().print(table)
    if wrong:
        raise typer.Exit(1)


@app.command()
def verify(
    model: _Model,
    key: Annotated[
        Path | None, typer.Option(help="PEM file of an Ed25519 public key: the tagger must be signed with it.")
    ] = None,
) -> None:
    """Compare the files of a model with their hashes, and with a key its signature. Exit code 2 names what differs.

    \b
    Examples:
      deidstream models verify models/phi-tagger/standard --key release.pub.pem
      deidstream models verify models/ocr/characters
    """
    model = folder_of(model)
    found = _described(model)
    if key is not None:
        signature.verify(_description(model), key)
    said = "as released and signed" if key is not None else "as released"
    Console().print(f"{found.name} {found.version}: {len(found.files)} files {said}", highlight=False)


@app.command()
def sign(
    model: _Model, key: Annotated[Path, typer.Option(help="PEM file of an Ed25519 private key, without a password.")]
) -> None:
    """Sign a model: a tagger for text.tagger.signed_by, any for push --key. Make a pair of keys with openssl.

    \b
    Example:
      openssl genpkey -algorithm ed25519 -out release.pem
      openssl pkey -in release.pem -pubout -out release.pub.pem
      deidstream models sign models/phi-tagger/standard --key release.pem
    """
    found = _described(model)
    signature.sign(_description(model), key)
    Console().print(
        f"{found.name} {found.version}: {signature.signature_of(_description(model)).name} written", highlight=False
    )


@app.command()
def push(
    models: Annotated[
        list[Path], typer.Argument(metavar="MODEL...", help="Folders of released taggers, or of models of pictures.")
    ],
    to: Annotated[str, typer.Option(help="Folder, or s3://BUCKET/PREFIX?endpoint=https://HOST:PORT.")],
    key: Annotated[Path | None, typer.Option(help="PEM file of a public key: pushed only if signed with it.")] = None,
    gpus: Annotated[int, typer.Option(min=0, help="Instances on each GPU; 0: on processors.")] = 0,
    instances: Annotated[int, typer.Option(min=1, help="Instances on processors.")] = 1,
    python: Annotated[bool, typer.Option("--python", help="For a server without Triton's ONNX backend.")] = False,
    credentials: Annotated[
        Path | None, typer.Option(help="Of the bucket: file with access key and secret key.")
    ] = None,
    ca: Annotated[Path | None, typer.Option(help="PEM file of authorities of the bucket's endpoint.")] = None,
) -> None:
    """Put models into a Triton server's model repository; their files are checked first, and the server's settings come last.

    Versions that are there stay; the two newest are served, so that running processes keep theirs until they are started anew.

    \b
    Examples:
      deidstream models push models/phi-tagger/standard --to /srv/triton --gpus 1
      deidstream models push models/ocr/lines models/ocr/characters \\
        models/faces/centerface --to /srv/triton
      deidstream models push models/phi-tagger/fast \\
        --to 's3://models/triton?endpoint=https://s3:9000' --credentials keys
    """
    all_found = [(folder, _checked(folder, key)) for folder in map(folder_of, models)]
    serving = Serving("python" if python else "onnxruntime", instances, gpus)
    repository = (
        _Bucket(to, BucketAccess(credentials=credentials, ca=ca)) if to.startswith("s3://") else _Folder(Path(to))
    )
    for folder, found in all_found:
        count = _pushed(folder, found, serving, repository)
        Console().print(f"{found.name} {found.version}: {count} files in {to}", highlight=False, soft_wrap=True)


def _checked(folder: Path, key: Path | None) -> Description | pictures.Description:
    """The model in ``folder``. Raises Misconfigured where it is not as it was released, or not signed with ``key``."""
    found = _described(folder)
    if key is not None:
        signature.verify(_description(folder), key)
    return found


def _pushed(
    folder: Path, found: Description | pictures.Description, serving: Serving, repository: _Folder | _Bucket
) -> int:
    """How many files it took."""
    model = served(found)
    try:
        beside = placed(model, serving, repository.read(f"{model.name}/config.pbtxt"))
    except ValueError as error:
        raise Misconfigured("model-unservable", _place(folder), str(error)) from None
    repository.write(f"{model.name}/{model.version}/{FILE}", unpacked(folder / MODEL))
    for path, content in sorted(beside.items(), key=lambda one: one[0].endswith("config.pbtxt")):
        repository.write(path, content)
    return len(beside) + 1


def _place(folder: Path) -> str:
    """The file that describes the model in ``folder``, as errors name it."""
    return f"{folder.name}/{_description(folder).name}"


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> str:
        """'' where there is none."""
        there = self._folder / path
        return there.read_text() if there.exists() else ""

    def write(self, path: str, content: bytes) -> None:
        """At once, never half."""
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as beside:
            shutil.copyfileobj(io.BytesIO(content), beside)
        os.chmod(beside.name, 0o644)  # the server is another user
        os.replace(beside.name, target)


class _Bucket:
    def __init__(self, url: str, access: BucketAccess) -> None:
        keys = access.pair()
        pair = keys.access_key.get_secret_value(), keys.secret_key.get_secret_value()
        self._bucket = S3Bucket.open(S3Address(url, *pair, access.ca))
        self._bucket.check()

    def read(self, path: str) -> str:
        """'' where there is none."""
        answer = guarded(lambda: self._bucket.client.get_object(self._bucket.name, self._bucket.prefix + path))
        if answer is None:
            return ""
        try:
            return answer.read().decode()
        finally:
            answer.close()
            answer.release_conn()

    def write(self, path: str, content: bytes) -> None:
        """Whole or not at all."""
        name = self._bucket.prefix + path
        guarded(lambda: self._bucket.client.put_object(self._bucket.name, name, io.BytesIO(content), len(content)))


def _description(folder: Path) -> Path:
    """The file that describes the model in ``folder``: one of pictures, else a tagger."""
    picture = folder / pictures.DESCRIPTION
    return picture if picture.exists() else folder / DESCRIPTION


def _described(folder: Path) -> Description | pictures.Description:
    """Of a tagger, or of a model of pictures. Raises Misconfigured."""
    is_picture = _description(folder).name == pictures.DESCRIPTION
    return pictures.described(folder) if is_picture else described(folder)


def _row(folder: Path, found: Description | pictures.Description) -> tuple[str, ...]:
    size = sum((folder / name).stat().st_size for name in found.files) / 1e6
    signed = "yes" if signature.signature_of(_description(folder)).exists() else "no"
    categories = str(len(found.categories)) if isinstance(found, Description) else ""
    return found.name, found.version, categories, f"{size:.1f}", "as released", signed
