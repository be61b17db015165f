"""The address by which each service reaches broker and database: with an account of its own where possible.

The addresses are in files readable only by their owner, named in the environment, so that neither a command
line nor an environment contains a password.
"""

from dataclasses import dataclass
from pathlib import Path

from taskmanager.accounts.broker_users import BrokerUsers
from taskmanager.files.private_files import private_file
from taskmanager.mongo.access.database_accounts import Account
from taskmanager_local.commands import private_folder
from taskmanager_local.mongod import Mongod
from taskmanager_local.rabbitmq import RabbitmqNode

USERS = BrokerUsers()


@dataclass(frozen=True)
class ServiceAccess:
    """The variables of each service.

    Attributes:
        folder: where the files are.
        broker: the private node, or the address that all services share.
        database: the private mongod, or the address that all services share.
    """

    folder: Path
    broker: RabbitmqNode | str
    database: Mongod | str

    @property
    def gateway(self) -> dict[str, str]:
        """The variables of a gateway."""
        return {**self._broker("gateway", USERS.gateway), **self._database(Account.GATEWAY)}

    @property
    def scheduler(self) -> dict[str, str]:
        """The variables of a scheduler."""
        return {**self._broker("scheduler", USERS.scheduler), **self._database(Account.SCHEDULER)}

    @property
    def migrate(self) -> dict[str, str]:
        """The variables of the migration."""
        return {**self._broker("migrate", USERS.migrate), **self._database(Account.MIGRATE)}

    @property
    def orchestrator(self) -> dict[str, str]:
        """The variables of the orchestrator: none for the database."""
        return self._broker("orchestrator", USERS.orchestrator)

    def runner(self, plugin: str) -> dict[str, str]:
        """The variables of a plugin's runners: none for the database."""
        return self._broker(f"runner-{plugin}", USERS.runner(plugin))

    def _broker(self, name: str, user: str) -> dict[str, str]:
        if isinstance(self.broker, str):
            return {"AMQP_URL": self.broker, "TASKMANAGER_BROKER_USERS": "shared"}
        return self._file(name, "AMQP_URL", self.broker.url_of(user))

    def _database(self, account: Account) -> dict[str, str]:
        if isinstance(self.database, str):
            return {"MONGODB_URL": self.database}
        return self._file(account.value, "MONGODB_URL", self.database.url_of(account))

    def _file(self, name: str, variable: str, address: str) -> dict[str, str]:
        file = private_folder(self.folder / name) / variable.lower()
        return {f"{variable}_FILE": str(private_file(file, address))}
