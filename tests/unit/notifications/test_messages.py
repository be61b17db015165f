"""What is sent: texts in both languages, the signature of webhooks, and the dialects of Matrix and Teams."""

import hashlib
import hmac
import json
from base64 import b64decode
from pathlib import Path

import pytest

from taskmanager.channels.kinds import MailChannel, MatrixChannel, TeamsChannel, WebhookChannel
from taskmanager.channels.settings import NotificationSettingsError, parse
from taskmanager.model.notifications.events import EventKind
from taskmanager_scheduler.notifications.dialects import request_of
from taskmanager_scheduler.notifications.mail import message_of
from taskmanager_scheduler.notifications.words import LISTED_MOST, sentence, text_of

from .samples import NOW, SECRET, channels, delivery, event, rule

FILE = Path("/run/secrets/one")
HOOK = WebhookChannel(kind="webhook", url="https://hook.example.org/x", secret_file=FILE)
ROOM = MatrixChannel(kind="matrix", url="https://m.example.org/", room="!a:example.org", token_file=FILE)
TEAMS = TeamsChannel(kind="teams", url_file=FILE)
MAIL = MailChannel(kind="mail", host="mail.example.org", sender="tm@example.org")


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", EventKind)
def test_every_event_has_a_sentence_in_every_language(kind: EventKind, language: str) -> None:
    facts = {"by": "Änne", "error": "{by} broke {0} %s"}
    said = sentence(event(kind=kind, facts=facts), language)
    assert said
    assert "{0} %s" in said or "{by}" not in said  # what is quoted is not formatted


def test_one_event_gives_the_subject_and_many_are_counted(tmp_path: Path) -> None:
    settings = channels(tmp_path)
    one = text_of(delivery(), rule(), settings)
    assert one.subject == "[TaskManager] jp2: the job Atlas 1 failed: no space left"
    assert "https://tasks.example.org/jobs/job-1" in one.plain
    assert "https://tasks.example.org/notifications/rule-1" in one.plain
    many = text_of(delivery(*(event(n) for n in range(LISTED_MOST + 5))), rule(language="de"), settings)
    assert many.subject == f"[TaskManager] {LISTED_MOST + 5} Ereignisse: Failures"
    assert "und 5 weitere" in many.plain
    assert len(many.listed) == LISTED_MOST


def test_times_are_those_of_the_rule_s_zone(tmp_path: Path) -> None:
    text = text_of(delivery(), rule(zone="Europe/Berlin"), channels(tmp_path))
    assert text.plain.startswith("2026-11-28 13:00 jp2")


def test_a_title_cannot_become_a_header_of_a_mail(tmp_path: Path) -> None:
    evil = event(facts={"title": "x\r\nBcc: all@example.org\r\n\r\nbody\x00", "error": "y"})
    mail = message_of(MAIL, delivery(evil), rule(recipients=("a@example.org",)), text_of(
        delivery(evil), rule(), channels(tmp_path)))  # fmt: skip
    assert mail["Bcc"] is None
    assert "\n" not in mail["Subject"]
    assert mail.as_bytes().count(b"\nTo: ") == 1


def test_a_mail_has_the_id_of_its_message_and_asks_for_no_answer(tmp_path: Path) -> None:
    mail = message_of(
        MAIL, delivery(), rule(recipients=("a@example.org", "b@example.org")),
        text_of(delivery(), rule(), channels(tmp_path)),
    )  # fmt: skip
    assert mail["Message-ID"] == "<2f1c@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["To"] == "a@example.org, b@example.org"


def test_a_webhook_is_signed_over_its_id_time_and_body(tmp_path: Path) -> None:
    """Checked as a receiver does, from the headers alone."""
    text = text_of(delivery(), rule(), channels(tmp_path))
    sent = request_of(HOOK, SECRET, delivery(), rule(), text, NOW)
    signed = f"{sent.headers['webhook-id']}.{sent.headers['webhook-timestamp']}.".encode() + sent.body
    version, _, said = sent.headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert b64decode(said) == hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    body = json.loads(sent.body)
    assert (body["id"], body["count"]) == ("2f1c", 1)
    assert body["events"][0]["kind"] == "job_failed"
    assert body["events"][0]["link"] == "https://tasks.example.org/jobs/job-1"
    assert SECRET not in repr(sent.headers)


def test_a_webhook_is_told_all_events_of_a_message(tmp_path: Path) -> None:
    many = delivery(*(event(number) for number in range(LISTED_MOST + 5)))
    sent = request_of(HOOK, SECRET, many, rule(), text_of(many, rule(), channels(tmp_path)), NOW)
    told = [one["id"] for one in json.loads(sent.body)["events"]]
    assert told == [one.id for one in many.events]


def test_matrix_gets_a_notice_under_the_id_of_the_message(tmp_path: Path) -> None:
    text = text_of(delivery(), rule(), channels(tmp_path))
    sent = request_of(ROOM, SECRET, delivery(), rule(), text, NOW)
    assert sent.method == "PUT"
    assert sent.url == (
        "https://m.example.org/_matrix/client/v3/rooms/%21a%3Aexample.org/send/m.room.message/2f1c"
    )
    assert sent.headers["Authorization"] == f"Bearer {SECRET}"
    assert json.loads(sent.body)["msgtype"] == "m.notice"


def test_teams_gets_a_card_in_which_nothing_quoted_is_markdown(tmp_path: Path) -> None:
    evil = event(facts={"title": "[x](https://evil.example)", "error": "**y**"})
    text = text_of(delivery(evil), rule(), channels(tmp_path))
    sent = request_of(TEAMS, "https://flow.example.org/?sig=1", delivery(evil), rule(), text, NOW)
    assert sent.url == "https://flow.example.org/?sig=1"
    card = json.loads(sent.body)["attachments"][0]["content"]
    assert card["type"] == "AdaptiveCard"
    words = " ".join(block["text"] for block in card["body"])
    assert "[x](https://evil.example)" not in words
    assert r"\[x\]\(https://evil.example\)" in words


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"kind": "webhook", "url": "ftp://x", "secret_file": "/s"}, "must begin with http:// or https://"),
        ({"kind": "webhook", "url": "https://a:b@x/", "secret_file": "/s"}, "must hold no name, password"),
        ({"kind": "webhook", "url": "https://x/", "secret_file": "s"}, "is not absolute"),
        ({"kind": "webhook", "url": "https://x/"}, "secret_file: is missing"),
        ({"kind": "pigeon"}, "pigeon"),
        ({"kind": "mail", "host": "m", "sender": "tm"}, "sender: "),
        ({"kind": "mail", "host": "m", "sender": "t@x", "user": "u"}, "belong together"),
        (
            {
                "kind": "mail",
                "host": "m",
                "sender": "t@x",
                "user": "u",
                "password_file": "/p",
                "security": "none",
            },
            "a password is not sent without TLS",
        ),
        ({"kind": "matrix", "url": "https://x", "room": "#name:x", "token_file": "/t"}, "room: "),
        ({"kind": "teams", "url": "https://x"}, "url: there is no such key"),
    ],
)
def test_a_channel_that_cannot_be_is_said_in_a_line(table: dict[str, object], line: str) -> None:
    with pytest.raises(NotificationSettingsError) as caught:
        parse({"channels": {"one": table}}, "n.toml")
    assert line in str(caught.value)
    assert str(caught.value).startswith("n.toml: [channels")


def test_a_rule_is_held_against_its_channel(tmp_path: Path) -> None:
    mail = {"kind": "mail", "host": "m", "sender": "t@x.org", "recipients_within": ["Example.org"]}
    hook = {"kind": "webhook", "url": "https://x/", "secret_file": str(tmp_path / "secret")}
    known = channels(tmp_path, mail=mail, hook=hook)
    assert known.misfit(rule()) is None
    assert known.misfit(rule(channel="mail", recipients=("a@EXAMPLE.org",))) is None
    assert known.misfit(rule(channel="mail")) == "mail needs a recipient"
    assert known.misfit(rule(channel="mail", recipients=("a@b.org",))) == "a@b.org is not within example.org"
    assert known.misfit(rule(recipients=("a@b.org",))) == "only mail has recipients"
    assert "known: mail, hook" in str(known.misfit(rule(channel="gone")))
