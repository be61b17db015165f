"""By which address each service reaches broker and database: by an account of its own where that can be.

The addresses stand in files of their owner, named in the environment, so that neither a command line nor an
environment holds a password.
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
        folder: the files lie here.
        broker: the private node, or the address that all services share.
        database: the private mongod, or the address that all services share.
    """

    folder: Path
    broker: RabbitmqNode | str
    database: Mongod | str

    @property
    def gateway(self) -> dict[str, str]:
        """What a gateway needs."""
        return {**self._broker("gateway", USERS.gateway), **self._database(Account.GATEWAY)}

    @property
    def scheduler(self) -> dict[str, str]:
        """What a scheduler needs."""
        return {**self._broker("scheduler", USERS.scheduler), **self._database(Account.SCHEDULER)}

    @property
    def migrate(self) -> dict[str, str]:
        """What the migration needs."""
        return {**self._broker("migrate", USERS.migrate), **self._database(Account.MIGRATE)}

    def runner(self, plugin: str) -> dict[str, str]:
        """What the runners of a plugin need: nothing of the database."""
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
