"""Every kind of order has a handler, and every handler is of an order that can be sent."""

from typing import get_args

from taskmanager.messages import Command
from taskmanager_scheduler.commands.execution import HANDLERS


def test_each_order_of_a_command_has_one_handler() -> None:
    annotation = Command.model_fields["order"].annotation

    assert set(HANDLERS) == set(get_args(annotation))
