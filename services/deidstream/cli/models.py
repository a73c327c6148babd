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
from rich.table import Table

from deidstream.adapters import signature
from deidstream.adapters.pictures import models as pictures
from deidstream.adapters.s3_client import S3Address, S3Bucket, guarded
from deidstream.adapters.triton_repository import SERVED, Serving, placed
from deidstream.core.errors import DeidstreamError, Misconfigured
from deidstream.detection.text.tagger.description import DESCRIPTION, MODEL, Description, described
from deidstream.detection.text.tagger.packed import unpacked
from deidstream.stream.buckets import BucketAccess

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Released taggers, and Triton's repository of them.")

_Tagger = Annotated[Path, typer.Argument(metavar="TAGGER", help="Folder of a released tagger.")]


@app.command("list")
def list_(folder: Annotated[Path, typer.Argument(help="Where taggers lie, at any depth.")] = Path("models")) -> None:
    """Show the models in a folder; exit code 1 where one is not as it was released.

    \b
    Example:
      deidstream models list models/
    """
    table = Table("folder", "name", "version", "categories", "MB", "files", "signed")
    wrong = False
    for path in sorted([*folder.rglob(DESCRIPTION), *folder.rglob(pictures.DESCRIPTION)]):
        try:
            row = _row(path.parent, _described(path.parent))
        except DeidstreamError as error:
            row, wrong = (str(path.parent), "", "", "", "", error.code, ""), True
        table.add_row(*row)
    if not table.row_count:
        raise Misconfigured("no-model", str(folder), f"there is no {DESCRIPTION} in it")
    Console().print(table)
    if wrong:
        raise typer.Exit(1)


@app.command()
def verify(
    tagger: _Tagger,
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
    found = _described(tagger)
    if key is not None:
        signature.verify(tagger, key)
    said = "as released and signed" if key is not None else "as released"
    Console().print(f"{found.name} {found.version}: {len(found.files)} files {said}", highlight=False)


@app.command()
def sign(
    tagger: _Tagger, key: Annotated[Path, typer.Option(help="PEM file of an Ed25519 private key, without a password.")]
) -> None:
    """Sign a tagger, for text.tagger.signed_by. Make a pair of keys with openssl.

    \b
    Example:
      openssl genpkey -algorithm ed25519 -out release.pem
      openssl pkey -in release.pem -pubout -out release.pub.pem
      deidstream models sign models/phi-tagger/standard --key release.pem
    """
    found = described(tagger)
    signature.sign(tagger, key)
    Console().print(f"{found.name} {found.version}: {signature.SIGNATURE} written", highlight=False)


@app.command()
def push(
    tagger: _Tagger,
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
    """Put a tagger into a Triton server's model repository; its files are checked first, and the server's settings come last.

    Versions that are there stay; the two newest are served, so that running processes keep theirs until they are started anew.

    \b
    Examples:
      deidstream models push models/phi-tagger/standard --to /srv/triton --gpus 1
      deidstream models push models/phi-tagger/fast \\
        --to 's3://models/triton?endpoint=https://s3:9000' --credentials keys
    """
    found = described(tagger)
    if key is not None:
        signature.verify(tagger, key)
    serving = Serving("python" if python else "onnxruntime", instances, gpus)
    repository = (
        _Bucket(to, BucketAccess(credentials=credentials, ca=ca)) if to.startswith("s3://") else _Folder(Path(to))
    )
    try:
        beside = placed(found, serving, repository.read(f"{found.name}/config.pbtxt"))
    except ValueError as error:
        raise Misconfigured("model-unservable", f"{tagger.name}/{DESCRIPTION}", str(error)) from None
    repository.write(f"{found.name}/{found.version}/{SERVED}", unpacked(tagger / MODEL))
    for path, content in sorted(beside.items(), key=lambda one: one[0].endswith("config.pbtxt")):
        repository.write(path, content)
    Console().print(f"{found.name} {found.version}: {len(beside) + 1} files in {to}", highlight=False, soft_wrap=True)


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


def _described(folder: Path) -> Description | pictures.Description:
    """Of a tagger, or of a model of pictures. Raises Misconfigured."""
    return pictures.described(folder) if (folder / pictures.DESCRIPTION).exists() else described(folder)


def _row(folder: Path, found: Description | pictures.Description) -> tuple[str, ...]:
    size = sum((folder / name).stat().st_size for name in found.files) / 1e6
    signed = "yes" if (folder / signature.SIGNATURE).exists() else "no"
    categories = str(len(found.categories)) if isinstance(found, Description) else ""
    return str(folder), found.name, found.version, categories, f"{size:.1f}", "as released", signed
