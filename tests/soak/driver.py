"""Clients and operators: threads that submit and command over HTTP, and record every response."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import httpx
from tests.soak.book import Book
from tests.soak.evidence import Obeyed, Submitted
from tests.soak.goobi import RACED, reference
from tests.soak.machines import PLUGINS
from tests.soak.resting import BULK_ACTOR
from tests.soak.scenes import Scene, Stage

API = "/api/v1"
ACTOR = "Taskmanager-Actor"
PATIENCE_SECONDS = 120
"""How long a client with an idempotency key retries."""
PAUSE_SECONDS = 0.2
HTTP_SECONDS = 15
ACTIONS = {
    "cancel": 4,
    "hold": 4,
    "release": 5,
    "priority": 6,
    "retry": 5,
    "plugin": 2,
    "drain": 1,
    "bulk": 1,
    "look": 4,
}
PLUGIN_ACTIONS = {"stop": 5, "refuse": 1, "limit": 3}
LONGEST_STOP_SECONDS = 6
BULK_IDS = 30


class Client:
    """Sends requests to any of the gateways."""

    def __init__(self, gateways: Sequence[str], random: Random) -> None:
        """One for each thread."""
        self._clients = [httpx.Client(base_url=url, timeout=HTTP_SECONDS) for url in gateways]
        self._random = random

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """The response of one of the gateways; None if there was none."""
        try:
            return self._random.choice(self._clients).request(method, API + path, **more)
        except httpx.TransportError:
            return None

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()


class Worker(threading.Thread):
    """A thread that keeps the error it failed with."""

    def __init__(self, name: str) -> None:
        """A daemon thread, which does not delay the end of the process."""
        super().__init__(name=name, daemon=True)
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Do the work."""
        try:
            self.work()
        except BaseException as error:
            self.failure = error
            raise

    def work(self) -> None:
        """The work of the thread."""
        raise NotImplementedError


class Submitter(Worker):
    """Submits its share of the jobs, evenly distributed over the time."""

    def __init__(
        self,
        name: str,
        client: Client,
        system: Stage,
        book: Book,
        random: Random,
        *,
        numbers: range,
        every: float,
    ) -> None:
        """`every`: seconds between two submissions."""
        super().__init__(name)
        self._client, self._stage, self._book, self._random = client, system, book, random
        self._numbers, self._every = numbers, every

    def work(self) -> None:
        """Submit all its numbers, catching up when late."""
        begin = time.monotonic()
        with ThreadPoolExecutor(2, thread_name_prefix=self.name) as racers:
            for place, number in enumerate(self._numbers):
                time.sleep(max(0.0, begin + place * self._every - time.monotonic()))
                self._submit(self._stage.scene(number, self._random), racers)

    def _submit(self, scene: Scene, racers: ThreadPoolExecutor) -> None:
        if not scene.race:
            self.send(scene.number, scene.spec, scene.key)
            return
        self._book.count("submissions raced")
        runs = [(scene.number, scene.spec, scene.key)]
        if scene.key is not None:
            runs *= 2
        else:
            second = RACED + scene.number
            spec = {**scene.spec, "title": f"soak {second}"}
            if "goobi" in spec:
                spec["goobi"] = reference(second)
            if "destination" in spec:
                spec["destination"] = str(self._stage.process_folder(second, self._random) / "out")
            runs.append((second, spec, None))
        for race in [racers.submit(self.send, *run) for run in runs]:
            race.result()

    def send(self, number: int, spec: dict[str, Any], key: str | None) -> None:
        """Send once without a key, or with a key until there is a definite response."""
        headers = {"Idempotency-Key": key} if key else {}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self._client.ask("POST", "/jobs", json=spec, headers=headers)
            if answer is not None and answer.is_success:
                outcome = answer.headers.get("Taskmanager-Outcome", f"status {answer.status_code}")
                job = answer.json()
                self._book.submitted(
                    Submitted(number, key, spec.get("unique"), job["id"], outcome, spec=spec)
                )
                return
            refusal = answer is not None and answer.status_code not in {409, 503}
            if refusal or key is None or time.monotonic() > deadline:
                outcome = f"status {answer.status_code}" if answer is not None else ""
                self._book.submitted(Submitted(number, key, spec.get("unique"), None, outcome))
                return
            self._book.count("submissions repeated")
            time.sleep(PAUSE_SECONDS)


class Operator(Worker):
    """Sends random commands until told to stop; leaves no plugin stopped for long."""

    def __init__(
        self, name: str, client: Client, book: Book, random: Random, *, pause: float, number: int, of: int
    ) -> None:
        """`number` of `of`: the jobs of one operator are left alone by the others."""
        super().__init__(name)
        self.client, self._book, self._random, self._pause = client, book, random, pause
        self._number, self._of = number, of
        self._held: list[str] = []
        self._drained: list[str] = []
        self._restarts: dict[str, float] = {}
        self.over = threading.Event()

    def work(self) -> None:
        """Send one command after another."""
        while not self.over.wait(self._random.expovariate(1 / self._pause)):
            self._restart_what_is_due()
            action = self._random.choices(list(ACTIONS), list(ACTIONS.values()))[0]
            getattr(self, f"_{action}")()

    def tell(self, method: str, path: str, action: str, subject: str, body: dict[str, Any]) -> str:
        """Send a command and record the response."""
        headers = {ACTOR: self.name}
        answer = self.client.ask(method, path, json={"reason": "soak", **body}, headers=headers)
        if answer is None or not answer.is_success:
            outcome = f"status {answer.status_code}" if answer is not None else "unanswered"
            self._book.count(f"commands {action} {outcome}")
            return outcome
        body = answer.json()
        outcome = body.get("outcome", "pending") if answer.status_code == httpx.codes.OK else "pending"
        self._book.commanded(Obeyed(body["command"], action, subject, outcome))
        return outcome

    def _some_job(self) -> str | None:
        mine = [job for job in self._book.recent() if hash_of(job) % self._of == self._number]
        return self._random.choice(mine) if mine else None

    def _job(self, action: str) -> None:
        if job := self._some_job():
            self.tell("POST", f"/jobs/{job}/{action}", action, job, {})

    def _cancel(self) -> None:
        self._job("cancel")

    def _hold(self) -> None:
        if job := self._some_job():
            self.tell("POST", f"/jobs/{job}/hold", "hold", job, {})
            self._held.append(job)

    def _release(self) -> None:
        if self._held:
            job = self._held.pop(0)
            self.tell("POST", f"/jobs/{job}/release", "release", job, {})

    def _priority(self) -> None:
        if job := self._some_job():
            body = {"priority": self._random.randint(0, 10)}
            self.tell("PUT", f"/jobs/{job}/priority", "priority", job, body)

    def _retry(self) -> None:
        answer = self.client.ask("GET", "/jobs", params={"tab": "error", "limit": 50})
        if answer is None or not answer.is_success:
            return
        mine = [one["id"] for one in answer.json()["jobs"] if hash_of(one["id"]) % self._of == self._number]
        if mine:
            job = self._random.choice(mine)
            self.tell("POST", f"/jobs/{job}/retry", "retry", job, {})

    def _plugin(self) -> None:
        plugin = self._random.choice(PLUGINS)
        action = self._random.choices(list(PLUGIN_ACTIONS), list(PLUGIN_ACTIONS.values()))[0]
        match action:
            case "stop":
                mode = self._random.choice(["suspend", "suspend", "finish"])
                self.tell("POST", f"/plugins/{plugin}/stop", "stop", plugin, {"mode": mode})
            case "refuse":
                self.tell("POST", f"/plugins/{plugin}/refuse", "refuse", plugin, {})
            case "limit":
                body = {"max_running": self._random.choice([1, 2, 3, None])}
                self.tell("PUT", f"/plugins/{plugin}/limit", "limit", plugin, body)
                return
        due = time.monotonic() + self._random.uniform(0.5, LONGEST_STOP_SECONDS)
        self._restarts[plugin] = max(self._restarts.get(plugin, 0.0), due)

    def _restart_what_is_due(self) -> None:
        for plugin, due in list(self._restarts.items()):
            if time.monotonic() >= due:
                answers = [
                    self.tell("POST", f"/plugins/{plugin}/{action}", action, plugin, {})
                    for action in ("restart", "accept")
                ]
                if set(answers) <= {"done", "unchanged", "pending"}:
                    del self._restarts[plugin]

    def _drain(self) -> None:
        """Drain a runner for a while; the next time, resume it."""
        if self._drained:
            runner = self._drained[0]
            answer = self.tell("POST", f"/runners/{runner}/resume", "resume", runner, {})
            if answer in {"done", "unchanged", "pending"}:
                self._drained.pop(0)
            return
        runner = f"local-{self._random.choice(PLUGINS)}-1"
        body = {"grace_seconds": self._random.choice([0, 1, 5])}
        self.tell("POST", f"/runners/{runner}/drain", "drain", runner, body)
        self._drained.append(runner)

    def _bulk(self) -> None:
        """Change many jobs at once: some by id, or all of a plugin with one priority."""
        action = self._random.choice(["cancel", "hold", "release", "release", "priority", "retry"])
        ids = self._book.recent()
        if not ids:
            return
        chosen: dict[str, Any] = {
            "plugin": self._random.choice(PLUGINS),
            "priority_min": 4,
            "priority_max": 5,
        }
        if action == "cancel" or self._random.random() < 0.5:
            chosen = {"ids": sorted(set(self._random.choices(ids, k=BULK_IDS)))}
        body: dict[str, Any] = {"action": action, "filter": chosen, "reason": "soak"}
        if action == "priority":
            body["priority"] = self._random.randint(0, 10)
        answer = self.client.ask("POST", "/operations", json=body, headers={ACTOR: BULK_ACTOR})
        self._operated(action, answer)

    def _operated(self, action: str, answer: httpx.Response | None) -> None:
        if answer is not None and answer.is_success:
            self._book.operated(answer.headers["Location"].rsplit("/", 1)[1])
        outcome = "unanswered" if answer is None else f"status {answer.status_code}"
        self._book.count(f"operations {action} {outcome}")

    def _look(self) -> None:
        """Read something: readers must not disturb anything."""
        path = self._random.choice(["/jobs?tab=queue&limit=50", "/plugins", "/runners", "/jobs?limit=20"])
        self.client.ask("GET", path)
        if job := self._some_job():
            self.client.ask("GET", f"/jobs/{job}")


def hash_of(job: str) -> int:
    """The same in every process and every run."""
    return int(job.replace("-", "")[-8:], 16)
