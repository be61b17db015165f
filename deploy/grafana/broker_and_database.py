"""The scheduler's way from its inbox to the database, and the two servers it needs."""

from deploy.grafana.frame import Scope, framed
from deploy.grafana.panels import (
    BYTES,
    COUNT,
    HALF,
    PER_SECOND,
    SECONDS,
    Alarm,
    Panel,
    Query,
    chart,
    figure,
    per_second,
    quantiles,
)
from grafana_foundation_sdk.models.dashboard import Dashboard

HERE = 'instance=~"$instance"'
OURS = 'queue=~"$prefix[.](jobs[.].+|scheduler.*|dead)"'
"""The queues of one installation in which messages must not be lost."""


def dashboard() -> Dashboard:
    """Where to look when everything is slow."""
    return framed(
        "broker-and-database",
        "Broker and database",
        "How the scheduler gets on with its inbox, MongoDB and RabbitMQ.",
        Scope(instances="taskmanager_broker_connected", texts=[("prefix", "Prefix of queues", "tm")]),
        [
            ("Now", _now()),
            ("Inbox and commits", _inbox()),
            ("What failed", _failures()),
            ("RabbitMQ", _broker()),
        ],
    )


def _now() -> list[Panel]:
    return [
        figure(
            "Connections to RabbitMQ",
            "0 if any of the connections of any process is down.",
            COUNT,
            Query(f"min(taskmanager_broker_connected{{{HERE}}})", "connected"),
            Alarm(1, below=True),
        ),
        figure(
            "Database readable",
            "0 if a gateway could not read the list of plugins.",
            COUNT,
            Query("min(taskmanager_gateway_store_up)", "readable"),
            Alarm(1, below=True),
        ),
        figure(
            "Queues of plugins",
            "Queues that do not answer.",
            COUNT,
            Query("count(taskmanager_plugin_queue_reachable == 0) or vector(0)", "unreachable"),
            Alarm(1),
        ),
        figure(
            "Dead letters",
            "Messages nobody could read or believe; they stay until somebody has looked.",
            COUNT,
            Query("max(taskmanager_dead_letters_waiting)", "waiting"),
            Alarm(1),
        ),
        figure(
            "Oldest message in the inbox",
            "How far the scheduler is behind.",
            SECONDS,
            Query("max(taskmanager_inbox_oldest_seconds)", "oldest"),
            Alarm(60),
        ),
        figure(
            "Queues in danger",
            "Queues from which a policy of RabbitMQ may remove messages.",
            COUNT,
            Query("count(taskmanager_queue_in_danger == 1) or vector(0)", "in danger"),
            Alarm(1),
        ),
    ]


def _inbox() -> list[Panel]:
    return [
        chart(
            "Messages in the inbox",
            "Not processed yet.",
            COUNT,
            Query("sum(taskmanager_inbox_depth)", "messages"),
        ),
        chart(
            "Messages a second",
            "Messages processed from the inbox, and commits, each of a group of messages.",
            PER_SECOND,
            per_second("taskmanager_inbox_messages_total", "", rest="messages"),
            per_second("taskmanager_commit_seconds_count", "", rest="commits"),
        ),
        chart(
            "Time of a commit",
            "From reading what a group of messages needs to its commit in MongoDB.",
            SECONDS,
            *quantiles("taskmanager_commit_seconds", "", 0.5, 0.95),
        ),
        chart(
            "Messages in a commit",
            "The average; it grows with the load.",
            COUNT,
            Query(
                "sum(rate(taskmanager_inbox_group_messages_sum[$__rate_interval]))"
                " / (sum(rate(taskmanager_inbox_group_messages_count[$__rate_interval])) > 0)",
                "messages",
            ),
            width=HALF,
        ),
        chart(
            "Who reads the inbox",
            "1 for the scheduler that does; each partition has one.",
            COUNT,
            Query("taskmanager_inbox_active", "{{instance}} {{partition}}"),
            width=HALF,
        ),
    ]


def _failures() -> list[Panel]:
    return [
        chart(
            "Transactions again",
            "Transactions a second that were decided or written again, by reason.",
            PER_SECOND,
            per_second("taskmanager_transaction_retries_total", "", "reason"),
        ),
        chart(
            "Effects that failed",
            "Answers, tickets and notices a second that did not reach RabbitMQ; they are made up for later.",
            PER_SECOND,
            per_second("taskmanager_effects_failed_total", "", "effect"),
        ),
        chart(
            "Retries",
            "Of connections and repeatable calls, a second, by what was tried again.",
            PER_SECOND,
            per_second("taskmanager_retries_total", HERE, "what"),
        ),
    ]


def _broker() -> list[Panel]:
    return [
        chart(
            "Messages in queues, ready",
            "That no consumer holds; the prefix is the installation's.",
            COUNT,
            Query(f"sum by (queue) (rabbitmq_detailed_queue_messages_ready{{{OURS}}})", "{{queue}}"),
        ),
        chart(
            "Messages in queues, held",
            "That a consumer has and has not acknowledged.",
            COUNT,
            Query(f"sum by (queue) (rabbitmq_detailed_queue_messages_unacked{{{OURS}}})", "{{queue}}"),
        ),
        chart(
            "Consumers of queues",
            "A plugin's queue without one has no runner that takes jobs.",
            COUNT,
            Query(f"sum by (queue) (rabbitmq_detailed_queue_consumers{{{OURS}}})", "{{queue}}"),
        ),
        chart(
            "Messages a second in RabbitMQ",
            "Received from all publishers, and delivered to all consumers.",
            PER_SECOND,
            per_second("rabbitmq_global_messages_received_total", "", rest="received"),
            Query(
                "sum(rate(rabbitmq_global_messages_delivered_consume_manual_ack_total[$__rate_interval])"
                " + rate(rabbitmq_global_messages_delivered_consume_auto_ack_total[$__rate_interval]))",
                "delivered",
            ),
        ),
        chart(
            "Memory of RabbitMQ",
            "At the limit it stops all publishers.",
            BYTES,
            Query("rabbitmq_process_resident_memory_bytes", "{{instance}} used"),
            Query("rabbitmq_resident_memory_limit_bytes", "{{instance}} limit"),
        ),
        chart(
            "Free disk of RabbitMQ",
            "Below the limit it stops all publishers.",
            BYTES,
            Query("rabbitmq_disk_space_available_bytes", "{{instance}} free"),
            Query("rabbitmq_disk_space_available_limit_bytes", "{{instance}} limit"),
        ),
    ]
