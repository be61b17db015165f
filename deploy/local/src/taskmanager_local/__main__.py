"""The command `taskmanager-local`: parses the command line and prints; the work is done by other modules."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from taskmanager_local.certificates import Certificates
from taskmanager_local.commands import LocalStackError
from taskmanager_local.demo.command import add_demo_options, run_demo
from taskmanager_local.goobi import DIALECTS
from taskmanager_local.services import Options
from taskmanager_local.stack import ProcessStatus, Stack
from taskmanager_local.state import Plan, StackFolder, load_plan

DEFAULT_FOLDER = ".taskmanager"
DEFAULT_ROOT = "demo"
console = Console(highlight=False, markup=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; exit code 1 with a message on stderr if it could not be done."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        code = command(options)
    except LocalStackError as error:
        sys.stderr.write(f"taskmanager-local: {error}\n")
        code = 1
    except KeyboardInterrupt:
        sys.stderr.write(
            "taskmanager-local: interrupted; run it again to go on, or `taskmanager-local down`\n"
        )
        code = 130
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="taskmanager-local", description=sys.modules[__package__ or ""].__doc__
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(os.environ.get("TASKMANAGER_LOCAL_FOLDER", DEFAULT_FOLDER)),
        help="folder for all data (default: TASKMANAGER_LOCAL_FOLDER, else %(default)s)",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_up_options(_add(commands, "up", _up, "start everything and wait until it is ready"))
    _add(commands, "down", _down, "stop what `up` started; the data is kept")
    status = _add(commands, "status", _status, "show what is running and how often it was restarted")
    status.add_argument(
        "--json",
        action="store_true",
        help="print JSON for programs, which must interpret it themselves; contains passwords",
    )
    logs = _add(commands, "logs", _logs, "show the end of the logs")
    logs.add_argument("names", nargs="*", help="processes (default: all)")
    logs.add_argument("--follow", "-f", action="store_true", help="keep printing as the logs grow")
    logs.add_argument("--lines", "-n", type=int, default=20)
    certificates = _add(
        commands, "certificates", _certificates, "make TLS certificates with a private authority"
    )
    certificates.add_argument("names", nargs="+", help="host names and addresses of one certificate")
    demo = _add(commands, "demo", _demo, "process a small book with the whole system")
    _add_up_options(demo)
    add_demo_options(demo)
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    return command


def _add_up_options(parser: argparse.ArgumentParser) -> None:
    environment = os.environ.get
    defaults = Options(())
    parser.add_argument("--slots", type=int, default=defaults.slots, help="jobs that a runner runs at once")
    parser.add_argument(
        "--transfers",
        type=int,
        default=defaults.transfers,
        help="jobs of a runner that may transfer files at once",
    )
    parser.add_argument("--runners", type=int, default=defaults.runners, help="runners for each plugin")
    parser.add_argument(
        "--plugins", nargs="+", default=[], metavar="NAME", help="plugins to run (default: all installed)"
    )
    parser.add_argument("--schedulers", type=int, default=defaults.schedulers, help="number of schedulers")
    parser.add_argument("--gateways", type=int, default=defaults.gateways, help="number of gateways")
    parser.add_argument(
        "--no-orchestrator",
        action="store_true",
        help="start none: the pages cannot start and stop further runners",
    )
    parser.add_argument(
        "--goobi", choices=DIALECTS, help="also start a fake Goobi, which receives the reports"
    )
    parser.add_argument(
        "--no-log-in",
        action="store_true",
        help="anyone on this machine may do anything under any name; every page says so",
    )
    for name in ("port", "amqp-port", "mongodb-port"):
        variable = f"TASKMANAGER_LOCAL_{name.replace('-', '_').upper()}"
        parser.add_argument(
            f"--{name}",
            type=int,
            default=environment(variable),
            help=f"default: {variable}, else any free port",
        )
    parser.add_argument(
        "--broker-metrics-port",
        type=int,
        help="where the private broker serves its own metrics, for Prometheus (default: nowhere)",
    )
    parser.add_argument(
        "--roots",
        default=environment("TASKMANAGER_ROOTS"),
        help=f"folders for jobs, separated by {os.pathsep!r} (default: TASKMANAGER_ROOTS, else FOLDER/demo)",
    )


def _folder(options: argparse.Namespace) -> StackFolder:
    return StackFolder(options.folder.resolve())


def _stack(options: argparse.Namespace) -> Stack:
    return Stack(_folder(options), console.print)


def _options(options: argparse.Namespace) -> Options:
    return Options(
        roots=_roots(options),
        slots=options.slots,
        transfers=options.transfers,
        runners=options.runners,
        plugins=tuple(options.plugins),
        goobi=options.goobi,
        log_in=not options.no_log_in,
        orchestrator=not options.no_orchestrator,
        schedulers=options.schedulers,
        gateways=options.gateways,
        gateway_port=options.port,
        amqp_port=options.amqp_port,
        mongodb_port=options.mongodb_port,
        broker_metrics_port=options.broker_metrics_port,
    )


def _roots(options: argparse.Namespace) -> tuple[Path, ...]:
    if options.roots:
        return tuple(Path(root).resolve() for root in options.roots.split(os.pathsep))
    root = _folder(options).path / DEFAULT_ROOT
    root.mkdir(parents=True, exist_ok=True)
    return (root,)


def _up(options: argparse.Namespace) -> int:
    plan = _stack(options).up(_options(options))
    for gateway in plan.gateways:
        console.print(
            f"The web pages are at {gateway}/, the API at {gateway}/api/v1, its description at {gateway}/docs"
        )
    console.print(f"Jobs may touch files below {os.pathsep.join(plan.roots)}")
    return 0


def _down(options: argparse.Namespace) -> int:
    console.print("everything is down" if _stack(options).down() else "nothing was running")
    return 0


def _status(options: argparse.Namespace) -> int:
    plan = load_plan(_folder(options))
    if plan is None:
        console.print(
            json.dumps({"folder": str(_folder(options).path), "processes": []})
            if options.json
            else "never started"
        )
        return 1
    processes = _stack(options).status(plan)
    if options.json:
        _print_json(options, plan, processes)
        return 0
    if all(process.pid is None for process in processes):
        console.print(f"nothing is running; the data lies in {_folder(options).path}")
    else:
        _print_table(processes)
    return 0 if all(process.problem is None for process in processes) else 1


def _print_json(options: argparse.Namespace, plan: Plan, processes: list[ProcessStatus]) -> None:
    status = {
        "folder": str(_folder(options).path),
        "gateway": plan.gateways[0],
        "gateways": plan.gateways,
        "amqp_url": plan.amqp_url,
        "mongodb_url": plan.mongodb_url,
        "roots": plan.roots,
        "processes": [asdict(process) for process in processes],
    }
    sys.stdout.write(json.dumps(status, indent=1) + "\n")


def _print_table(processes: list[ProcessStatus]) -> None:
    table = Table("process", "state", "pid", "port", "restarts", "started")
    for process in processes:
        started = process.started and datetime.fromisoformat(process.started).astimezone().strftime(
            "%d %b %X"
        )
        cells = (process.pid, process.port, process.restarts, started)
        table.add_row(process.name, process.state, *("" if cell is None else str(cell) for cell in cells))
    console.print(table)
    for process in processes:
        if process.problem:
            console.print(f"{process.name}: {process.problem}")


def _certificates(options: argparse.Namespace) -> int:
    made = Certificates(options.folder.resolve() / "tls")
    made.issue(options.names)
    console.print(
        f"{made.certificate(options.names[0])} is for {', '.join(options.names)}; verify by {made.authority}"
    )
    return 0


def _logs(options: argparse.Namespace) -> int:
    folder = _folder(options)
    known = sorted(folder.logs.glob("*.log"))
    wanted = [file for file in known if not options.names or file.stem in options.names]
    if not wanted:
        raise LocalStackError(f"no such log; there are: {', '.join(file.stem for file in known) or 'none'}")
    sys.stdout.flush()
    follow = ["-F"] if options.follow else []
    os.execvp("tail", ["tail", "-n", str(options.lines), *follow, *map(str, wanted)])  # noqa: S606, S607


def _demo(options: argparse.Namespace) -> int:
    open_to_all = replace(_options(options), log_in=False)  # it shows jobs but no log-in
    return run_demo(options, _stack(options), open_to_all, _folder(options), console)


if __name__ == "__main__":
    main()
