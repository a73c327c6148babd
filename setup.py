"""Generates ``deidstream.wire.v1`` from ``protos/`` whenever the package is built or installed (also editable)."""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildProtos(build_py):
    """``build_py`` with protoc first."""

    def run(self) -> None:
        """Runs protoc into the source tree, where both kinds of install pick it up."""
        from grpc_tools import protoc

        root = Path(__file__).parent
        for proto in sorted((root / "protos").rglob("*.proto")):
            arguments = [
                "protoc",
                f"-I{root / 'protos'}",
                f"--python_out={root / 'services'}",
                f"--pyi_out={root / 'services'}",
            ]
            if protoc.main([*arguments, str(proto)]) != 0:
                raise SystemExit(f"protoc failed on {proto.relative_to(root)}")
        super().run()


setup(cmdclass={"build_py": BuildProtos})
