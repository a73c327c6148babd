"""The doctor asks Triton for the models that the processes will ask for: a stand-in that answers by gRPC as Triton does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from deidstream.adapters.pictures.models import FACES, OCR
from deidstream.adapters.pictures.models import described as picture
from deidstream.adapters.pictures.setting import RELEASED
from deidstream.adapters.taggers import folder_of
from deidstream.adapters.triton_server import hash_of
from deidstream.detection.text.tagger.description import described
from tritonclient.grpc import service_pb2

from tests.cli.test_doctor import deployed, examined

Served = Mapping[tuple[str, str], str]
"""SHA-256 of the file, by name and version."""
NOBODY = "127.0.0.1:9"
MODEL = "model.onnx.gz"


@contextmanager
def triton(models: Served) -> Iterator[str]:
    """The address of one that serves ``models``."""

    def config(request: Any, context: Any) -> Any:  # Any: gRPC is not typed
        if (request.name, request.version) not in models:
            context.abort(grpc.StatusCode.NOT_FOUND, "Request for unknown model")
        answer = service_pb2.ModelConfigResponse()
        answer.config.max_batch_size = 8
        answer.config.parameters[hash_of(request.version)].string_value = models[request.name, request.version]
        return answer

    method = grpc.unary_unary_rpc_method_handler(
        config,
        request_deserializer=service_pb2.ModelConfigRequest.FromString,
        response_serializer=service_pb2.ModelConfigResponse.SerializeToString,
    )
    server = grpc.server(ThreadPoolExecutor(2))
    handlers = grpc.method_handlers_generic_handler("inference.GRPCInferenceService", {"ModelConfig": method})
    server.add_generic_rpc_handlers((handlers,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def tagger() -> dict[tuple[str, str], str]:
    found = described(folder_of("fast"))
    return {(found.name, found.version): found.files[MODEL]}


def pictures() -> dict[tuple[str, str], str]:
    """Those that a server runs."""
    found = [picture(RELEASED / name) for name in (*OCR[:2], FACES)]
    return {(one.name, one.version): one.files[MODEL] for one in found}


def told(folder: Path, address: str, *more: str) -> tuple[int, list[tuple[str, str]], str]:
    """Exit code, verdicts and codes of the check of models, and what it says to do."""
    folder.mkdir()
    where = {"address": address, "seconds": 5}
    config = deployed(folder, text={"tagger": {"folder": "fast", "triton": where}}, image={"triton": where})
    ran, found = examined(config, *more)
    ours = [one for one in found if one["check"] == "models"]
    bad = " ".join(one["said"] for one in ours if one["verdict"] != "good")
    return ran.code, [(one["verdict"], one["code"]) for one in ours], bad


def test_a_server_that_serves_what_was_released_is_good(tmp_path: Path) -> None:
    with triton(tagger() | pictures()) as address:
        code, found, _ = told(tmp_path / "all", address)
    assert (code, found) == (0, [("good", "")] * 6)  # files of tagger and pictures, and four models that are served


def test_a_model_that_it_lacks_or_another_file_is_bad_and_the_command_is_named(tmp_path: Path) -> None:
    with triton(pictures()) as address:
        code, found, do = told(tmp_path / "lacks", address)
        assert (code, [one for one in found if one[1]]) == (1, [("bad", "model-absent")])
        assert do == "deidstream models push"
        assert told(tmp_path / "pictures", address, "--chain", "image+heads")[0] == 0
    with triton(dict.fromkeys(tagger(), "0" * 64) | pictures()) as address:
        code, found, do = told(tmp_path / "other", address)
        assert (code, [one for one in found if one[1]]) == (1, [("bad", "model-other")])
        assert "deidstream models push" in do


def test_a_server_that_is_away_is_bad_for_each_model_and_only_where_it_is_asked(tmp_path: Path) -> None:
    code, found, do = told(tmp_path / "away", NOBODY)
    assert (code, [one for one in found if one[1]]) == (1, [("bad", "model-failed")] * 4)
    assert "is the server up" in do
    assert told(tmp_path / "delivery", NOBODY, "--chain", "delivery")[0] == 0


@pytest.mark.parametrize("chain", ["text", "writer"])
def test_each_chain_looks_for_its_own_models(chain: str, tmp_path: Path) -> None:
    with triton(tagger() if chain == "text" else pictures()) as address:
        assert told(tmp_path / chain, address, "--chain", chain)[0] == 0
