"""Models on a Triton inference server, by gRPC. What it serves must be the very file that was released.

A server says that a model is ready when its process has died (measured on 2.51); so only an answer counts, of the shape that
was asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from deidstream.adapters.breaker import Breaker
from deidstream.adapters.triton_server import TritonServer, hash_of
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import Tensors

__all__ = ["TritonInference"]

_TIME_OUT = ("DEADLINE_EXCEEDED", "Deadline Exceeded")
_ABSENT = ("NOT_FOUND", "UNIMPLEMENTED")


class TritonInference:
    """``model`` in this ``version`` on ``server``: the file with the SHA-256 ``digest``.

    Calls raise Misconfigured (``model-other``) where it serves another file. A batch above what it takes at once is asked
    for in several calls. After failures in a row nobody asks for a while (``Breaker``).
    """

    def __init__(
        self, server: TritonServer, model: str, version: str, digest: str, breaker: Breaker | None = None
    ) -> None:
        self._model, self._version, self._digest, self._seconds = model, version, digest, server.seconds
        self._place = f"{server.address}/{model}/{version}"
        self._breaker = breaker or Breaker(self._place)
        self._lock = threading.Lock()
        self._most = 0  # in a batch; 0: not asked yet
        try:
            self._client = _client(server)
        except (OSError, ValueError) as error:
            raise Misconfigured("triton-address", self._place, type(error).__name__) from None

    def infer(self, inputs: Tensors) -> Tensors:
        """See ``ports.Inference``."""
        self._breaker.ask()
        try:
            most = self._checked()
            count = len(next(iter(inputs.values())))
            shares = [self._asked(inputs, slice(at, at + most)) for at in range(0, count, most)]
        except Unavailable:
            self._breaker.failed()
            self._most = 0  # what comes back may be another
            raise
        self._breaker.succeeded()
        return shares[0] if len(shares) == 1 else _joined(shares)

    def check(self) -> None:
        """Raises Unavailable or Misconfigured, as a call does, where the server is away or serves another file than is meant."""
        self._checked()

    def close(self) -> None:
        """See ``ports.Inference``."""
        self._client.close()

    def _checked(self) -> int:
        """How many it takes at once, after it has been seen that it is the model that we mean."""
        with self._lock:
            if not self._most:
                limit = self._seconds
                answer = self._said(
                    lambda: self._client.get_model_config(self._model, self._version, client_timeout=limit)
                )
                config = answer.config
                name = hash_of(self._version)
                served = config.parameters[name].string_value if name in config.parameters else ""
                if served != self._digest:
                    hint = (
                        f"serves {served or 'a file without its hash'}, expected {self._digest}: deidstream models push"
                    )
                    raise Misconfigured("model-other", self._place, hint)
                self._most = max(1, config.max_batch_size)
            return self._most

    def _asked(self, inputs: Tensors, share: slice) -> Tensors:
        tensors = [_input(name, array[share]) for name, array in inputs.items()]
        answer = self._said(
            lambda: self._client.infer(self._model, tensors, self._version, client_timeout=self._seconds)
        )
        size = len(next(iter(inputs.values()))[share])
        try:
            outputs = {output.name: answer.as_numpy(output.name) for output in answer.get_response().outputs}
            whole = bool(outputs) and all(len(array) == size for array in outputs.values())
        except (TypeError, ValueError):  # silently empty, where a server has another numpy than it takes
            whole = False
        if not whole:
            raise Unavailable("model-answer", self._place, "of another shape than asked for")
        return outputs

    def _said(self, call: Any) -> Any:  # Any: the client is not typed
        try:
            return call()
        except InferenceServerException as error:
            status = str(error.status() or "")
            late, absent = (any(word in status for word in words) for words in (_TIME_OUT, _ABSENT))
            code = "model-timeout" if late else "model-absent" if absent else "model-failed"
            raise Unavailable(code, self._place, status.removeprefix("StatusCode.")) from None


def _client(server: TritonServer) -> Any:  # Any: the client is not typed
    files = (server.ca, server.key, server.certificate)
    for path in files:
        if path is not None:
            path.read_bytes()  # it would fail at the first call, and say nothing of the file
    ca, key, certificate = (str(path) if path else None for path in files)
    return triton.InferenceServerClient(
        server.address,
        ssl=any(files),
        root_certificates=ca,
        private_key=key,
        certificate_chain=certificate,
    )


def _input(name: str, array: np.ndarray[Any, Any]) -> Any:
    tensor = triton.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(np.ascontiguousarray(array))
    return tensor


def _joined(shares: Sequence[Mapping[str, Any]]) -> Tensors:
    return {name: np.concatenate([share[name] for share in shares]) for name in shares[0]}
