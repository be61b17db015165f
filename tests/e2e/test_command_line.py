"""Every verb of the command `taskmanager` as an operator starts it, against a real system with log-in."""

import hashlib
import json
import re
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pika
import pytest
from tests.command_line import CommandLine
from tests.e2e.system import System, running_system

from taskmanager_local.commands import LOOPBACK, free_port
from taskmanager_local.servers import RunningServer
from taskmanager_testing.plain_http import PLAIN
from taskmanager_testing.proxy import Fault
from taskmanager_testing.waiting import LONG_SECONDS, eventually

PASSWORD = "a password nobody else has"
RIGHTS = ("read", "submit", "operate", "scale", "admin")
NOWHERE = str(uuid.UUID(int=0))
EVIL = "\x1b[2J\x1b]0;owned\x07 \N{RIGHT-TO-LEFT OVERRIDE}evil [red]title[/red] 書籍"


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[System]:
    """A system with log-in, one event stream for each client, and a Goobi that nobody answers for."""
    folder = Path(tmp_path_factory.mktemp("cli"))
    (folder / "token").write_text("secret")
    goobi = folder / "goobi.toml"
    goobi.write_text(
        f'[installations.main]\ndialect = "core"\nurl = "http://{LOOPBACK}:{free_port()}/goobi"\n'
        f'token_file = "{folder / "token"}"\ngive_up_after_days = {1 / 86_400}\nlongest_wait_seconds = 0.2\n'
    )
    settings = {
        "TASKMANAGER_ACCESS": "required",
        "TASKMANAGER_STREAMS_PER_CLIENT": "1",
        "TASKMANAGER_GOOBI": str(goobi),
    }
    with running_system(
        folder / "system", rabbitmq, mongod, plugin="sleep", settings=settings, proxied=True
    ) as made:
        yield made


@pytest.fixture(scope="module")
def admin_token(system: System) -> str:
    """A token with all rights, made as the first admin makes it."""
    found = re.search(r"password\s+(\S+)\n", system.first_start)
    assert found is not None
    with httpx.Client(
        base_url=f"http://{LOOPBACK}:{system.gateway.port}", timeout=20, verify=PLAIN
    ) as client:

        def csrf() -> dict[str, str]:
            return {"X-CSRF-Token": client.get("/api/v1/me").raise_for_status().json()["csrf"]}

        assert client.post("/log-in", data={"name": "admin", "password": found[1]}).status_code == 303
        fields = {"current": found[1], "password": PASSWORD, "again": PASSWORD}
        assert client.post("/account", data=fields, headers=csrf()).status_code == 303
        body = {"name": "root", "scopes": list(RIGHTS)}
        answer = client.post("/api/v1/tokens", json=body, headers=csrf()).raise_for_status()
    return str(answer.json()["secret"])


@pytest.fixture(scope="module")
def bare(system: System, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The command of somebody without a token."""
    home = Path(tmp_path_factory.mktemp("home"))
    return CommandLine(home, {"TASKMANAGER_ADDRESS": f"http://{LOOPBACK}:{system.gateway.port}"})


@pytest.fixture(scope="module")
def cli(bare: CommandLine, admin_token: str) -> CommandLine:
    """The command of an admin."""
    return bare.with_(TASKMANAGER_TOKEN=admin_token)


@pytest.fixture(scope="module")
def api(bare: CommandLine, admin_token: str) -> Iterator[httpx.Client]:
    """The HTTP API, for an admin."""
    address, headers = bare.variables["TASKMANAGER_ADDRESS"], {"Authorization": f"Bearer {admin_token}"}
    with httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=20, verify=PLAIN) as client:
        yield client


@pytest.fixture(autouse=True)
def _at_rest(api: httpx.Client) -> Iterator[None]:
    """Leave nothing stopped, refused, drained or queued to the next test.

    Over the API: the command would be started five times after each test, at a quarter of a second each.
    """
    yield
    begun = api.post("/plugins/sleep/cancel-jobs", json={}).raise_for_status().json()
    eventually(
        lambda: is_over(api, begun["id"]) and queue(api) == 0, within_seconds=60, what="an empty queue"
    )
    for path in ("/plugins/sleep/restart", "/plugins/sleep/accept", "/runners/runner/resume"):
        api.post(path, json={}).raise_for_status()


def is_over(api: httpx.Client, operation: str) -> bool:
    """Whether an operation has ended; what was just begun may not be stored yet."""
    answer = api.get(f"/operations/{operation}")
    return bool(answer.is_success and answer.json()["state"] in {"done", "stopped"})


def queue(api: httpx.Client) -> int:
    return int(api.get("/plugins/sleep").raise_for_status().json()["tabs"]["queue"]["jobs"])


def submit(cli: CommandLine, *words: str, seconds: float = 600) -> str:
    return cli.text("jobs", "submit", "sleep", "--parameter", f"seconds={seconds}", *words).strip()


def status(cli: CommandLine, job: str) -> str:
    return str(cli.json("jobs", "show", job)["status"])


def until(cli: CommandLine, job: str, wanted: str) -> None:
    eventually(lambda: status(cli, job) == wanted, within_seconds=60, what=f"the job is {wanted}")


def test_a_job_from_its_submission_to_its_end(cli: CommandLine) -> None:
    job = submit(cli, "--title", "Book 1", "--project", "Newspapers", "--priority", "7", seconds=0.3)

    log = cli.text("jobs", "log", job, "--follow")
    assert "INFO    sleeping for 0.3 s" in log
    assert cli.text("jobs", "log", job) == log
    (block, *_) = [json.loads(line) for line in cli.text("jobs", "log", job, "--json").splitlines()]
    assert block["lines"][0]["text"] == "sleeping for 0.3 s"
    until(cli, job, "DONE")

    shown = cli.text("jobs", "show", job)
    assert re.search(r"^title +Book 1$", shown, re.MULTILINE)
    assert re.search(r"^status +DONE$", shown, re.MULTILINE)
    assert cli.json("jobs", "show", job)["priority"] == 7
    assert "DONE" in cli.text("jobs", "history", job)
    assert cli.json("jobs", "history", job)["job"] == job
    assert cli.json("jobs", "chain", job)["jobs"] == []
    assert cli.json("jobs", "files", job)["files"] == []
    assert cli.json("jobs", "reports", job)["reports"] == []
    assert job in cli.text("jobs", "list", "--tab", "done", "--project", "Newspapers", "--priority-min", "7")
    assert job in cli.text("jobs", "export", "--tab", "done")


def test_operators_change_a_job(cli: CommandLine) -> None:
    cli.text("plugins", "stop", "sleep", "--reason", "the disk is full")
    job = submit(cli)

    assert cli.text("jobs", "hold", job, "--reason", "later").strip() == f"hold {job}: done"
    assert "unchanged" in cli.text("jobs", "hold", job)
    assert cli.json("jobs", "show", job)["held"]["reason"] == "later"
    assert cli.json("jobs", "release", job)["outcome"] == "done"
    assert cli.json("jobs", "priority", "0", job)["job"]["priority"] == 0
    assert job in cli.text("jobs", "list", "--priority-max", "0")
    assert cli.json("jobs", "landing", job, "--priority", "9")["ahead"] == 0
    assert cli.json("jobs", "next", job)["job"]["put_next"]["by"] == "token:root"
    assert cli.with_(TASKMANAGER_ACTOR="jürgen").json("jobs", "cancel", job)["job"]["status"] == "CANCELLED"
    assert cli.json("jobs", "retry", job)["job"]["status"] == "STARTED"
    actors = {entry["actor"] for entry in cli.json("audit", "--job", job, "--all")["entries"]}
    assert actors == {"token:root", "jürgen via token:root"}
    assert "cancel" in cli.text("audit", "--job", job)


def test_several_jobs_are_changed_only_when_that_was_confirmed(cli: CommandLine) -> None:
    cli.text("plugins", "stop", "sleep")
    jobs = [submit(cli) for _ in range(3)]

    said = cli.refused("jobs", "hold", *jobs, code=2)
    assert "hold 3 jobs? Without a terminal this needs --yes. Nothing was changed." in said
    assert {status(cli, job) for job in jobs} == {"STARTED"}
    code, shown = cli.in_terminal(["jobs", "hold", *jobs], typed="n\n")
    assert (code, "Nothing was changed." in shown) == (2, True)
    code, shown = cli.in_terminal(["jobs", "hold", *jobs], typed="y\n")
    assert (code, shown.count(": done")) == (0, 3)

    done = cli.run("jobs", "cancel", "-", "--yes", "--json", given="\n".join([*jobs, NOWHERE, jobs[0]]))
    assert done.returncode == 1
    assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == ["done"] * 3
    assert f"{NOWHERE}: " in done.stderr
    assert "1 of 4 jobs were refused." in done.stderr
    assert {status(cli, job) for job in jobs} == {"CANCELLED"}
    assert "no id on stdin" in cli.refused("jobs", "cancel", "-", code=2)


def test_jobs_from_a_file_one_or_many(cli: CommandLine, tmp_path: Path) -> None:
    one, many = tmp_path / "one.json", tmp_path / "many.json"
    spec = {"plugin": "sleep", "parameters": {"seconds": 0}, "goobi": {"process_id": 4}}
    one.write_text(json.dumps(spec))
    many.write_text(json.dumps([{**spec, "idempotency_key": "a"}, {"plugin": "nothing"}]))

    made = cli.json("jobs", "submit", "--file", str(one), "--key", "one")
    assert (
        cli.json("jobs", "submit", "--file", "-", "--key", "one", given=one.read_text())["id"] == made["id"]
    )
    assert made["goobi"]["process_id"] == 4
    done = cli.run("jobs", "submit-many", str(many), "--json")
    assert done.returncode == 1
    assert [one["status"] for one in json.loads(done.stdout)["results"]] == [202, 404]
    assert "1 of 2 jobs were refused." in done.stderr
    assert "nothing" in cli.run("jobs", "submit-many", str(many)).stdout


@pytest.mark.parametrize(
    "words",
    [
        ["jobs", "submit"],
        ["jobs", "submit", "sleep", "--file", "x"],
        ["jobs", "submit", "sleep", "--parameter", "seconds"],
        ["jobs", "submit", "--file", "/nowhere"],
        ["jobs", "submit", "sleep", "--priority", "11"],
        ["jobs", "list", "--older-than", "7 years"],
        ["jobs", "list", "--created-before", "yesterday"],
        ["jobs", "list", "--limit", "1000"],
        ["jobs", "show", ""],
        ["jobs", "show", ".."],
        ["plugins", "limit", "sleep", "many"],
        ["users", "change", "anna"],
        ["users", "change", "anna", "--plugin", "a", "--all-plugins"],
        ["nonsense"],
        ["--timeout", "0", "me"],
        ["--timeout", "nan", "me"],
        ["--address", "http://a b", "me"],
        ["jobs", "submit", "sleep", "--key", "a\nb"],
        ["jobs", "show", "\udcff"],
        ["--address", "ftp://nowhere", "me"],
        ["--address", "http://user:secret@127.0.0.1", "me"],
        ["--token-file", "/nowhere", "me"],
        ["--profile", "nobody", "me"],
        ["--ca-file", "/nowhere", "me"],
    ],
    ids=lambda words: ascii(" ".join(words)),
)
def test_wrong_use_is_said_in_words_and_changes_nothing(cli: CommandLine, words: list[str]) -> None:
    cli.refused(*words, code=2)


def test_a_file_that_is_not_json_is_named(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    for content in (b"{", b"\xff\xfe", b"[" * 100_000, b"NaN"):
        file.write_bytes(content)
        assert "job.json is not JSON in UTF-8" in cli.refused("jobs", "submit", "--file", str(file), code=2)


def test_lists_come_in_pages(cli: CommandLine) -> None:
    cli.text("plugins", "stop", "sleep")
    jobs = [submit(cli, "--project", "pages") for _ in range(3)]
    words = ("jobs", "list", "--project", "pages", "--limit", "2", "--tab", "queue")

    first = cli.run(*words, "--json")
    page = json.loads(first.stdout)
    assert [job["id"] for job in page["jobs"]] == jobs[:2]
    assert "--all" in first.stderr
    assert [job["id"] for job in cli.json(*words, "--cursor", page["next_cursor"])["jobs"]] == jobs[2:]
    everything = cli.json(*words, "--all")
    assert [job["id"] for job in everything["jobs"]] == jobs
    assert everything["next_cursor"] is None
    assert all(job in cli.text(*words, "--all") for job in jobs)
    none = cli.run("jobs", "list", "--project", "no such")
    assert (none.stdout, none.stderr) == ("", "There are none.\n")
    assert cli.json("jobs", "list", "--project", "no such", "--all") == {"jobs": [], "next_cursor": None}


def test_operators_control_a_plugin(cli: CommandLine) -> None:
    assert "sleep" in cli.text("plugins", "list")
    stopped = cli.json(
        "plugins", "stop", "sleep", "--mode", "finish", "--until", "2035-01-01", "--reason", "a new disk"
    )
    assert stopped["plugin"]["stop"]["until"] == "2035-01-01T00:00:00Z"
    assert "token:root" in cli.text("plugins", "show", "sleep")
    assert cli.json("plugins", "start", "sleep")["plugin"]["state"] == "running"
    assert cli.json("plugins", "restart", "sleep")["outcome"] == "unchanged"
    assert cli.json("plugins", "limit", "sleep", "1")["plugin"]["limit"] == 1
    assert cli.json("plugins", "limit", "sleep", "none")["plugin"]["limit"] is None
    assert cli.json("plugins", "refuse", "sleep")["plugin"]["accepting"] is False
    cli.refused("jobs", "submit", "sleep", code=1)
    assert cli.json("plugins", "accept", "sleep")["plugin"]["accepting"] is True
    assert cli.json("plugins", "figures", "sleep", "--hours", "2")["plugin"] == "sleep"
    assert "all" in cli.text("plugins", "figures", "sleep")
    assert {one["plugin"] for one in cli.json("figures", "--period", "7d")["plugins"]} <= {"sleep"}
    assert cli.json("plugins", "replicas", "sleep") == {"replicas": []}
    for words in (("--to", "2"), ("--auto", "0", "4")):
        assert "no-such-host" in cli.refused("plugins", "scale", "sleep", "no-such-host", *words, code=1)
    cli.refused("plugins", "scale", "sleep", "no-such-host", code=2)
    cli.refused("plugins", "renew", "sleep", "no-such-host", code=1)
    cli.refused("plugins", "forget-place", "sleep", "no-such-host", code=1)

    cli.text("plugins", "stop", "sleep")
    job = submit(cli)
    assert "cancel all 1 jobs in the queue of sleep?" in cli.refused(
        "plugins", "cancel-jobs", "sleep", code=2
    )
    assert status(cli, job) == "STARTED"
    assert cli.json("plugins", "cancel-jobs", "sleep", "--yes", "--follow")["done"] == 1


def test_operators_drain_a_runner(cli: CommandLine) -> None:
    assert "working" in cli.text("runners", "list")
    drained = cli.json("runners", "drain", "runner", "--grace", "10m", "--reason", "a new disk")
    assert drained["runner"]["drain"]["reason"] == "a new disk"
    assert "a new disk" in cli.text("runners", "show", "runner")
    assert cli.json("runners", "resume", "runner")["runner"]["state"] == "working"
    assert "runner" in cli.refused("runners", "forget", "runner", code=1)


def test_an_operation_is_counted_confirmed_and_followed(cli: CommandLine) -> None:
    cli.text("plugins", "stop", "sleep")
    jobs = [submit(cli, "--project", "many") for _ in range(3)]
    chosen = ("--plugin", "sleep", "--project", "many", "--tab", "queue")

    assert cli.json("operations", "start", "hold", *chosen, "--dry-run")["count"] == 3
    assert jobs[0] in cli.text("operations", "start", "hold", *chosen, "--dry-run")
    assert "hold 3 jobs?" in cli.refused("operations", "start", "hold", *chosen, code=2)
    assert {status(cli, job) for job in jobs} == {"STARTED"}
    held = cli.json("operations", "start", "hold", *chosen, "--yes", "--follow")
    assert (held["state"], held["done"]) == ("done", 3)
    raised = cli.json(
        "operations", "start", "priority", "--to", "9", "--id", jobs[0], "--yes", "--key", "raise"
    )
    ended = cli.run("operations", "follow", raised["id"])
    assert ended.returncode == 0
    assert "done: 1 of 1" in ended.stderr
    assert cli.json("jobs", "show", jobs[0])["priority"] == 9
    assert raised["id"] in cli.text("operations", "list")
    assert "9" in cli.text("operations", "show", raised["id"])
    cli.refused("operations", "stop", raised["id"], code=1)
    assert NOWHERE in cli.refused("operations", "follow", NOWHERE, code=1)

    retried = cli.run("operations", "start", "retry", "--id", jobs[0], "--yes", "--follow", "--json")
    assert retried.returncode == 1
    failed = cli.json("operations", "failures", json.loads(retried.stdout)["id"])
    assert [one["job"] for one in failed["failures"]] == [jobs[0]]
    assert jobs[0] in cli.text("operations", "failures", failed["operation"])
    assert "all" in cli.refused("operations", "start", "hold", "--yes", code=1)


def test_reports_that_goobi_did_not_take_are_delivered_again(cli: CommandLine) -> None:
    job = submit(cli, "--process-id", "1", "--step-id", "11", seconds=0)
    until(cli, job, "DONE")
    assert (
        cli.json("jobs", "message", job, "Page 7 is missing.", "--type", "warn")["report"]["type"] == "warn"
    )

    def given_up() -> Any:
        found = cli.json("reports", "list", "--state", "undelivered", "--installation", "main", "--all")
        return [one for one in found["reports"] if one["job"] == job]

    lost = eventually(given_up, within_seconds=60, what="a report that was given up")
    assert lost
    report = lost[0]["id"]
    assert report in cli.text("reports", "list")
    assert job in cli.text("reports", "show", report)
    assert cli.json("reports", "replay", report)["outcome"] == "done"
    assert "replay all reports to main" in cli.refused("reports", "replay-all", "main", code=2)
    assert cli.json("reports", "replay-all", "main", "--yes")["outcome"] in {"done", "unchanged"}
    assert "main" in cli.text("reports", "installations")


def test_parameters_are_kept_under_a_name_and_used(cli: CommandLine) -> None:
    assert cli.json("presets", "save", "Short", "sleep", "--parameter", "seconds=0.01")["outcome"] == "done"
    assert "already" in cli.refused("presets", "save", "short", "sleep", code=1)
    assert cli.json("presets", "save", "All", "sleep", "--shared", "--replace")["outcome"] == "done"
    assert "Short" in cli.text("presets", "list")
    assert "0.01" in cli.text("presets", "show", "SHORT")
    job = cli.json("jobs", "submit", "--preset", "short", "--title", "by preset")
    assert (job["plugin"], job["parameters"]) == ("sleep", {"seconds": 0.01})
    assert cli.json("presets", "rename", "All", "Everybody", "--shared")["outcome"] == "done"
    assert "delete the preset" in cli.refused("presets", "delete", "Everybody", "--shared", code=2)
    for name, *more in (("Everybody", "--shared"), ("Short",)):
        assert cli.json("presets", "delete", name, *more, "--yes")["outcome"] == "done"
    assert cli.json("presets", "list")["presets"] == []
    assert "no preset" in cli.refused("jobs", "submit", "--preset", "short", code=1)


def test_an_admin_settles_dead_letters(cli: CommandLine, system: System, rabbitmq: RunningServer) -> None:
    names = system.topology
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        for body in (b"no message", b"\xff", b"\xff"):
            connection.channel().basic_publish(names.events, names.events_key("sleep"), body)

    def letters() -> dict[str, Any]:
        return {one["sha256"]: one for one in cli.json("dead-letters", "list")["dead_letters"]}

    def known(*bodies: bytes) -> bool:
        """These and no others, and nothing is about to be done with them."""
        now = letters()
        at_rest = all(one["settlement"] is None for one in now.values())
        return at_rest and now.keys() == {hashlib.sha256(body).hexdigest() for body in bodies}

    eventually(lambda: known(b"no message", b"\xff"), within_seconds=60, what="both are shown")
    copies, single = sorted(letters().values(), key=lambda one: -one["copies"])
    assert (copies["copies"], single["copies"]) == (2, 1)
    assert single["id"] in cli.text("dead-letters", "list")
    assert "no message" in cli.text("dead-letters", "show", single["id"])
    assert cli.json("dead-letters", "requeue", single["id"], "--reason", "mended")["outcome"] == "done"
    assert "for good?" in cli.refused("dead-letters", "drop", copies["id"], code=2)
    assert cli.json("dead-letters", "drop", copies["id"], "--yes")["outcome"] == "done"
    eventually(lambda: known(b"no message"), within_seconds=60, what="what cannot be read comes back")
    assert letters().popitem()[1]["id"] == single["id"]
    assert cli.json("dead-letters", "drop", single["id"], "--yes")["outcome"] == "done"
    eventually(known, within_seconds=60, what="nothing is left")
    assert "no dead letter" in cli.refused("dead-letters", "show", single["id"], code=1)


def test_an_admin_manages_users_and_tokens(cli: CommandLine, bare: CommandLine) -> None:
    added = cli.run(
        "users", "add", "anna", "--role", "viewer", "--plugin", "sleep", "--reason", "scanning room"
    )
    assert added.returncode == 0
    assert len(added.stdout.split()) == 1
    assert "anna" in cli.text("users", "list")
    assert cli.json("users", "show", "anna")["plugins"] == ["sleep"]
    changed = cli.json("users", "change", "anna", "--role", "operator", "--all-plugins", "--disable")
    assert changed["user"]["disabled"]["by"] == "token:root"
    assert cli.json("users", "change", "anna", "--enable")["user"]["disabled"] is None
    assert cli.text("users", "reset-password", "anna") != added.stdout
    cli.text("users", "reset-password", "anna", "--stdin", given="another long password here\n")
    assert "password" in cli.refused("users", "reset-password", "anna", "--stdin", code=1, given="short\n")
    cli.text("users", "log-out", "anna")
    cli.text("users", "remove-second-factor", "anna")
    assert cli.json("users", "sessions", "anna")["sessions"] == []
    (session, *_) = cli.json("users", "sessions", "admin")["sessions"]
    assert cli.json("users", "end-session", "admin", session["id"])["outcome"] == "done"
    assert cli.json("users", "remove", "anna")["outcome"] == "done"

    made = cli.run("tokens", "create", "scripts", "--right", "read", "--expires", "2035-01-01T00:00:00Z")
    assert made.returncode == 0
    scripts = bare.with_(TASKMANAGER_TOKEN=made.stdout.strip())
    assert scripts.json("me")["rights"] == ["read"]
    assert "token:scripts" in scripts.text("me")
    [token] = [one["id"] for one in cli.json("tokens", "list")["tokens"] if one["name"] == "scripts"]
    assert "scripts" in cli.text("tokens", "show", token)
    said = scripts.refused("plugins", "stop", "sleep", code=4)
    assert "operate" in said
    assert cli.json("tokens", "revoke", token)["outcome"] == "done"
    eventually(lambda: scripts.run("me").returncode == 4, what="the token is void")


def test_errors_of_the_api_are_sentences_with_their_exit_code(
    system: System, cli: CommandLine, bare: CommandLine
) -> None:
    assert "Give a valid token" in bare.refused("jobs", "list", code=4)  # 401
    assert NOWHERE in cli.refused("jobs", "show", NOWHERE, code=1)  # 404
    assert "sleep" in cli.refused("plugins", "show", "sleeep", code=1)  # 404, with the known names
    job = submit(cli, seconds=0)
    until(cli, job, "DONE")
    assert "DONE" in cli.refused("jobs", "cancel", job, code=1)  # 409
    assert "seconds" in cli.refused("jobs", "submit", "sleep", "--parameter", "seconds=[]", code=1)  # 422
    assert "cursor" in cli.refused("jobs", "list", "--cursor", "nonsense", code=1)  # 422
    elsewhere = f"http://{LOOPBACK}:{system.gateway.port}/elsewhere"
    assert "/elsewhere" in cli.refused("--address", elsewhere, "me", code=1)  # 404 of the server itself


def test_a_second_event_stream_is_too_many(cli: CommandLine) -> None:
    with cli.start("events", "--json") as first:
        assert first.stdout is not None
        assert first.stderr is not None
        cli.text("plugins", "limit", "sleep", "1")
        job = submit(cli, seconds=0.1)
        events = [json.loads(first.stdout.readline()) for _ in range(2)]
        assert {event["event"] for event in events} <= {"job", "plugin"}

        said = cli.refused("jobs", "log", job, "--follow", code=1)  # 429
        assert re.search(r"Try again in \d+ s\.", said)

        first.send_signal(signal.SIGINT)
        assert first.wait(LONG_SECONDS) == 130
        assert first.stderr.read().strip() == "taskmanager: Interrupted."
    cli.text("plugins", "limit", "sleep", "none")


def test_what_is_away_is_said_and_comes_back(system: System, cli: CommandLine) -> None:
    database = system.proxies["gateway-database"]
    database.set(Fault.DROP)
    try:
        said = eventually(
            lambda: done.stderr if (done := cli.run("jobs", "list")).returncode == 3 else None,
            what="the database is away",
        )
        assert said is not None
        assert re.search(r"Try again in \d+ s\.", said)  # 503
    finally:
        database.heal()
    eventually(lambda: cli.run("jobs", "list").returncode == 0, what="the database is back")
    gone = cli.with_(TASKMANAGER_ADDRESS=f"http://{LOOPBACK}:{free_port()}")
    assert "cannot be reached" in gone.refused("jobs", "list", code=3)
    assert "--key" in gone.refused("jobs", "submit", "sleep", code=3)


def test_a_title_does_not_command_the_terminal(cli: CommandLine) -> None:
    cli.text("plugins", "stop", "sleep")
    job = submit(cli, "--title", EVIL, "--project", "evil")

    for words in (
        ["jobs", "show", job],
        ["jobs", "list", "--project", "evil"],
        ["jobs", "show", job, "--json"],
    ):
        code, shown = cli.with_(NO_COLOR="1").in_terminal(words, columns=200)
        assert code == 0
        assert "evil [red]title[/red] 書籍" in shown
        assert not set("\x07\N{RIGHT-TO-LEFT OVERRIDE}") & set(shown)
        assert "\x1b[2J" not in shown
        assert "\x1b]" not in shown
    assert cli.json("jobs", "show", job)["title"] == EVIL


def test_terminals_of_any_width_and_without_colour(cli: CommandLine) -> None:
    job = submit(cli, "--title", "書籍" * 40, "--project", "wide", seconds=0)
    until(cli, job, "DONE")
    words = ["jobs", "list", "--project", "wide"]

    code, coloured = cli.in_terminal(words, columns=120)
    assert (code, "\x1b[32m" in coloured) == (0, True)
    code, plain = cli.with_(NO_COLOR="1").in_terminal(words, columns=120)
    assert (code, "\x1b[3" in plain) == (0, False)
    assert job in plain
    code, narrow = cli.with_(NO_COLOR="1").in_terminal(words, columns=40)
    assert code == 0
    assert job in narrow
    assert "status" in narrow
    assert "\x1b" not in cli.text(*words)


def test_a_reader_that_has_seen_enough_is_no_failure(cli: CommandLine) -> None:
    with cli.start("jobs", "list", "--all") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(LONG_SECONDS) == 141
        assert process.stderr.read() == ""


def test_top_looks_once_or_until_it_is_ended(cli: CommandLine) -> None:
    job = submit(cli, "--title", "Sleeping beauty")
    until(cli, job, "PROCESSING")

    shown = cli.text("top")
    assert "Sleeping beauty" in shown
    assert "1 working" in shown
    found = cli.json("top", "--once")
    assert [one["id"] for one in found["jobs"]] == [job]
    code, live = cli.in_terminal(["top", "--interval", "1"], columns=160, interrupt_after="beauty")
    assert (code, "Traceback" in live) == (0, False)


def test_profiles_name_systems_and_where_their_tokens_are(
    bare: CommandLine, admin_token: str, tmp_path: Path
) -> None:
    address = bare.variables["TASKMANAGER_ADDRESS"]
    (tmp_path / "token").write_text(f"{admin_token}\n")
    config = tmp_path / "config.toml"
    config.write_text(
        f'default = "file"\n[profiles.file]\naddress = "{address}/"\ntoken_file = "{tmp_path / "token"}"\n'
        f'[profiles.keyring]\naddress = "{address}"\nactor = "anna"\n'
        f'token_command = ["cat", "{tmp_path / "token"}"]\n'
        f'[profiles.locked]\naddress = "{address}"\ntoken_command = ["false"]\n'
    )
    cli = CommandLine(bare.home, {"TASKMANAGER_CLI_CONFIG": str(config)})

    assert cli.json("me")["name"] == "token:root"
    assert cli.json("--profile", "keyring", "me")["name"] == "anna via token:root"
    assert "'false' failed with exit code 1" in cli.refused("--profile", "locked", "me", code=2)
    other = address.replace(LOOPBACK, "localhost")
    assert "token" in cli.refused("--address", other, "me", code=4), (
        "the profile's token is for its own address"
    )
    assert "keyring" in cli.text("profiles")
    assert "There are no profiles." in bare.run("profiles").stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(bare: CommandLine, shell: str) -> None:
    assert "_TASKMANAGER_COMPLETE" in bare.text("completion", shell)
    asked = bare.with_(
        _TASKMANAGER_COMPLETE="bash_complete", COMP_WORDS="taskmanager plugins re", COMP_CWORD="2"
    )
    assert asked.text().split() == [
        "plain,restart",
        "plain,refuse",
        "plain,replicas",
        "plain,renew",
    ]


def completed(cli: CommandLine, line: str) -> list[str]:
    """What bash offers for the last word of a line."""
    position = str(len(line.split()) - (not line.endswith(" ")))
    asked = cli.with_(_TASKMANAGER_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=position)
    return [one.partition(",")[2] for one in asked.text().split()]


def test_shells_complete_the_names_that_the_gateway_lists(cli: CommandLine, bare: CommandLine) -> None:
    assert completed(cli, "taskmanager plugins stop sl") == ["sleep"]
    assert completed(cli, "taskmanager plugins stop x") == []
    assert completed(cli, "taskmanager jobs list --plugin ") == ["sleep"]
    assert completed(cli, "taskmanager users show ad") == ["admin"]
    address = cli.variables["TASKMANAGER_ADDRESS"]
    elsewhere = cli.with_(TASKMANAGER_ADDRESS=f"http://{LOOPBACK}:{free_port()}")
    assert completed(elsewhere, f"taskmanager --address {address} plugins stop sl") == ["sleep"]
    assert completed(elsewhere, "taskmanager plugins stop sl") == []
    assert completed(bare, "taskmanager plugins stop sl") == [], "nothing is told without a token"
