"""Documents by a language model: only what keeps to the placeholders is used. A server plays a model that misbehaves."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from deidstream.core.category import Category
from deidstream_training.synthesise.division import Split
from deidstream_training.synthesise.document import Text
from deidstream_training.synthesise.endpoint import Asked, filled


class Model(BaseHTTPRequestHandler):
    """Answers in turn: as asked, without a placeholder, with one of its own; or with an error."""

    turn = 0
    fails = False

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][0]["content"]
        wanted = list(dict.fromkeys(re.findall(r"\[\[\w+\]\]", question)))
        Model.turn += 1
        answers = (wanted[1:], [*wanted, "[[NAME_99]]"], wanted)
        body = {"choices": [{"message": {"content": "Seen today: " + " and ".join(answers[Model.turn % 3]) + "."}}]}
        self.send_response(500 if Model.fails else 200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is that of the base class)
        """Says nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()
    Model.fails = False


def test_only_answers_with_every_placeholder_and_no_other_are_used(url: str) -> None:
    found = list(Asked(url, "any", 1, Split.TRAIN, 12, ("en", "de")).after(0))
    assert len(found) == 12
    for each in found:
        assert "[[" not in each.content.text
        assert len(each.content.marks) >= 3
        assert each.content.text.startswith("Seen today: ")
        between = each.content.text
        for start, end, _ in reversed(each.content.marks):
            between = between[:start] + between[end:]
        assert set(between) <= set("Seen today: and.")


def test_an_endpoint_that_fails_is_told(url: str) -> None:
    Model.fails = True
    with pytest.raises(httpx.HTTPStatusError):
        list(Asked(url, "any", 1, Split.TRAIN, 2, ("en",)).after(0))


@pytest.mark.parametrize(
    ("answer", "expected", "reason"),
    [
        ("[[NAME_1]] is well. [[NAME_1]]!", "Ada Lint is well. Ada Lint!", "twice is as good as once"),
        ("She is well.", None, "a placeholder is missing"),
        ("[[NAME_1]] and [[NAME_2]]", None, "one was invented"),
        ("[[NAME_1]] and [[name_1]]", None, "one is not written as it should be"),
        ("[[NAME_1]] and [[NAME_1", None, "one is cut off"),
    ],
)
def test_an_answer_is_filled_or_thrown_away(answer: str, expected: str | None, reason: str) -> None:
    content = filled(answer, {"NAME_1": Text("Ada Lint", ((0, 8, Category.NAME),))})
    assert (content and content.text) == expected, reason
    if content:
        assert all(content.text[start:end] == "Ada Lint" for start, end, _ in content.marks)
