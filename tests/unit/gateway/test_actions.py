"""Which actions a job offers to whom."""

import pytest
from tests.unit.gateway.conftest import MOMENT, job

from taskmanager.model.access import Principal, Right, Role, everybody
from taskmanager.model.jobs import Attribution, CancelMethod, GoobiReference, Job
from taskmanager.model.states import Status
from taskmanager_gateway.web.jobs.actions import Act, offers
from taskmanager_gateway.web.shell.templating import Templates

NOTE = Attribution(by="anna", at=MOMENT, reason="wait")
GOOBI = GoobiReference(process_id=7)


def acts(one: Job, who: Principal | None = None) -> list[Act]:
    return [offer.act for offer in offers(one, who or everybody())]


def likely(one: Job) -> list[Act]:
    return [offer.act for offer in offers(one, everybody()) if offer.likely]


@pytest.mark.parametrize(
    ("one", "offered"),
    [
        (job(1), "priority next hold cancel"),
        (job(1, goobi=GOOBI), "priority next hold message cancel"),
        (job(1, put_next=NOTE), "priority hold cancel"),
        (job(1, status=Status.PAUSED, held=NOTE), "priority next release cancel"),
        (job(1, status=Status.PROCESSING, owner="r"), "priority hold cancel"),
        (job(1, status=Status.PROCESSING, owner="r", cancel=NOTE), "priority"),
        (job(1, status=Status.DOWNLOAD, owner="r"), "priority"),
        (job(1, status=Status.DONE, goobi=GOOBI), "message"),
        (job(1, status=Status.ERROR), "retry"),
        (job(1, status=Status.CANCELLED, cancel=NOTE, cancelled=CancelMethod.AT_ONCE), "retry"),
    ],
)
def test_a_job_offers_what_can_be_done_to_it(one: Job, offered: str) -> None:
    assert acts(one) == offered.split()


@pytest.mark.parametrize(
    ("one", "first"),
    [
        (job(1), ["priority"]),
        (job(1, status=Status.PAUSED, held=NOTE), ["release"]),
        (job(1, status=Status.PROCESSING, owner="r"), ["cancel"]),
        (job(1, status=Status.ERROR), ["retry"]),
        (job(1, status=Status.DONE, goobi=GOOBI), []),
    ],
)
def test_the_likely_one_has_a_button_of_its_own(one: Job, first: list[str]) -> None:
    assert likely(one) == first


def test_only_operators_of_the_plugin_are_offered_anything() -> None:
    assert acts(job(1), Principal("v", Role.VIEWER.rights)) == []
    assert acts(job(1), Principal("o", frozenset(Right), frozenset({"jp2"}))) == []
    assert acts(job(1, plugin="jp2"), Principal("o", frozenset(Right), frozenset({"jp2"})))


MENU = '{% from "job/menu.html" import job_menu with context %}{{ job_menu(job, offers) }}'


def menu(one: Job, language: str = "en") -> str:
    environment = Templates({})._environments[language]
    return environment.from_string(MENU).render(job=one, offers=offers(one, everybody()))


def test_the_menu_names_its_job_and_escapes_it() -> None:
    shown = menu(job(1, title="<script>alert(1)</script>"))
    assert "Actions for &lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>" not in shown


def test_the_menu_opens_pop_ups_and_acts_at_once_where_nothing_is_asked() -> None:
    waiting, failed = menu(job(1)), menu(job(1, status=Status.ERROR), "de")
    assert f'hx-get="/ui/jobs/{job(1).id}/priority" hx-target="#dialog-body"' in waiting
    assert f'<form class="tm-act" hx-post="/ui/jobs/{job(1).id}/retry"' in failed
    assert "Erneut versuchen" in failed
    assert "Cancel job" not in failed
