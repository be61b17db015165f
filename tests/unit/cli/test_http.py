"""What the server answers, and what becomes of it: over real HTTP, also with answers no gateway gives."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from taskmanager_cli.errors import CommandError, ExitCode, RefusedError, UnreachableError
from taskmanager_cli.http.client import Client
from taskmanager_cli.http.events import TRIES, Event, follow, parse
from taskmanager_cli.http.pages import given, pages
from taskmanager_cli.output.tables import Column
from taskmanager_cli.session import Session
from taskmanager_cli.settings.connection import Connection

Reply = tuple[int, dict[str, str], bytes]
JSON = {"Content-Type": "application/json"}
PROBLEM = {"Content-Type": "application/problem+json"}


class Server:
    """Answers with `reply`, and keeps what it was sent."""

    def __init__(self) -> None:
        self.reply: Callable[[str], Reply] = lambda _: (200, JSON, b"{}")
        self.asked: list[tuple[str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                status, headers, body = server.reply(self.path)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def client(self) -> Client:
        return Client(Connection(f"http://127.0.0.1:{self.http.server_port}", "tm_x", "jürgen", None, 5))


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.http.shutdown()
    thread.join()
    made.http.server_close()


def problem(status: int, detail: str = "It is so.", **members: object) -> bytes:
    return json.dumps({"status": status, "detail": detail, **members}).encode()


@pytest.mark.parametrize(
    ("status", "headers", "body", "code", "said"),
    [
        (401, PROBLEM, problem(401), 4, "It is so. Give a valid token"),
        (403, PROBLEM, problem(403, "no right"), 4, "^no right.$"),
        (404, PROBLEM, problem(404), 1, "^It is so.$"),
        (404, {}, b"<html>", 1, "no TaskManager at this address"),
        (409, PROBLEM, problem(409), 1, "^It is so.$"),
        (412, PROBLEM, problem(412), 1, "changed in the meantime"),
        (413, {"Content-Type": "text/html"}, b"", 1, "answered 413 without saying why"),
        (
            422,
            PROBLEM,
            problem(422, errors=[{"field": "a", "message": "x"}, {"field": "b", "message": "y"}]),
            1,
            "b: y",
        ),
        (429, {**PROBLEM, "Retry-After": "7"}, problem(429), 1, "It is so. Try again in 7 s."),
        (503, {**PROBLEM, "Retry-After": "2"}, problem(503), 3, "Try again in 2 s."),
        (500, {}, b"", 3, "answered 500"),
        (502, JSON, b"{", 3, "answered 502"),
        (301, {"Location": "https://there"}, b"", 2, "leads to https://there"),
        (200, {"Content-Type": "text/html"}, b"<html>", 3, "is not a TaskManager"),
        (200, JSON, b"{", 3, "is not a TaskManager"),
    ],
)
def test_every_status_is_a_sentence_and_an_exit_code(
    server: Server, status: int, headers: dict[str, str], body: bytes, code: int, said: str
) -> None:
    server.reply = lambda _: (status, headers, body)

    with pytest.raises(CommandError, match=said) as raised:
        server.client().send("GET", "/jobs")
    assert raised.value.code == code


def test_a_request_says_who_and_on_whose_behalf(server: Server) -> None:
    server.client().send("GET", "/jobs", query={"limit": 1})

    [(path, headers)] = server.asked
    assert path == "/api/v1/jobs?limit=1"
    assert headers["authorization"] == "Bearer tm_x"
    assert headers["taskmanager-actor"].encode("latin-1").decode() == "jürgen"


def test_nobody_who_answers_is_unreachable(server: Server) -> None:
    client = server.client()
    server.http.shutdown()
    server.http.server_close()

    with pytest.raises(UnreachableError, match="cannot be reached"):
        client.send("GET", "/jobs")


def test_all_pages_are_read_with_the_largest_limit(server: Server) -> None:
    server.reply = lambda path: (
        200,
        JSON,
        json.dumps({"jobs": [path], "next_cursor": None if "cursor" in path else "c d"}).encode(),
    )

    found = [
        page["jobs"][0]
        for page in pages(server.client(), "/jobs", {"tab": "done", "cursor": None}, every=True)
    ]
    assert found == ["/api/v1/jobs?tab=done&limit=200", "/api/v1/jobs?tab=done&cursor=c+d&limit=200"]
    assert len(list(pages(server.client(), "/jobs", {}, every=False))) == 1


def test_zero_is_a_value_and_an_option_left_off_is_none() -> None:
    assert given({"a": 0, "b": None, "c": False, "d": (), "e": True, "f": ""}) == {
        "a": 0,
        "e": "true",
        "f": "",
    }


def test_events_are_read_from_lines() -> None:
    lines = [
        ": ping",
        "",
        "event: log",
        "id: 1.2",
        'data: {"a":',
        "data: 1}",
        "",
        "event: end",
        "",
        "event: cut",
    ]

    assert list(parse(lines)) == [Event("log", {"a": 1}, "1.2"), Event("end", None)]


def test_a_stream_that_ends_is_opened_again_where_it_ended(server: Server) -> None:
    numbers = iter(range(1, 100))
    server.reply = lambda _: (
        200,
        {"Content-Type": "text/event-stream"},
        f"id: {next(numbers)}\ndata: 1\n\n".encode(),
    )
    told: list[str] = []

    events = follow(server.client(), "/log", {}, told.append, lambda _: None)
    assert [next(events).id for _ in range(3)] == ["1", "2", "3"]
    assert [headers.get("last-event-id") for _, headers in server.asked] == [None, "1", "2"]
    assert told == ["The gateway ended the stream. Trying again."] * 2


def test_a_stream_without_events_is_given_up(server: Server) -> None:
    server.reply = lambda _: (200, {"Content-Type": "text/event-stream"}, b": ping\n\n")

    with pytest.raises(UnreachableError, match=f"{TRIES} times without an event"):
        list(follow(server.client(), "/log", {}, lambda _: None, lambda _: None))


def test_a_stream_that_is_refused_is_not_tried_again(server: Server) -> None:
    server.reply = lambda _: (429, PROBLEM, problem(429))

    with pytest.raises(RefusedError) as raised:
        list(follow(server.client(), "/log", {}, lambda _: None, lambda _: None))
    assert raised.value.code is ExitCode.REFUSED
    assert len(server.asked) == 1


def test_an_answer_of_another_version_is_said_to_be_one() -> None:
    columns = (Column("id", lambda row: row["id"]),)

    with pytest.raises(RefusedError, match=r"KeyError\('id'\).*another version"):
        Session().rows(columns, [{"name": "x"}])


def test_what_is_not_unicode_reaches_the_server_as_escapes(server: Server) -> None:
    server.client().send("GET", "/jobs", body={"title": "\udcff"})

    assert len(server.asked) == 1
