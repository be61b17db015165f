"""Every kind of order has its rules: who may give it, and what is answered if it is not done."""

from typing import get_args

from taskmanager.messages import Command, Order
from taskmanager_gateway.commands.orders import ORDERS


def test_each_order_of_a_command_has_rules() -> None:
    annotation = Command.model_fields["order"].annotation

    assert set(ORDERS) == set(get_args(annotation)) == set(get_args(Order))
