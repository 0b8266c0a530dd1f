from pathlib import Path

from pydantic import SecretStr

from howdah.local.composition import SERVICES, Surroundings, api_half, task_services
from howdah.local.kept_child import Backoff
from howdah.local.ports import PortBook
from howdah.local.stack_secrets import StackSecrets

ROOT = Path(__file__).parents[3]


def surroundings(tmp_path: Path) -> Surroundings:
    return Surroundings(tmp_path, PortBook(tmp_path / "state.json"), "127.0.0.1:1", "postgresql+psycopg2://x@/y")


def test_every_service_of_the_repository_is_started(tmp_path: Path) -> None:
    folders = {path.parent.name for path in (ROOT / "services").glob("*/__main__.py")}
    assert set(SERVICES) == folders - {"agent"}  # which runs elsewhere, at a resource
    names = [spec.name for spec in task_services(surroundings(tmp_path), StackSecrets())]
    assert names == [folder.replace("_", "-") for folder in SERVICES]


def test_task_services_get_neither_the_database_nor_the_keys(tmp_path: Path) -> None:
    known = StackSecrets(service_token=SecretStr("hwd_service"), admin_token=SecretStr("hwd_admin"))
    for spec in task_services(surroundings(tmp_path), known):
        assert {"HOWDAH_DATABASE_URL", "HOWDAH_MASTER_KEY", "HOWDAH_CAPABILITY_KEY"} <= spec.without - set(spec.env)
        forbidden = {known.master_key.get_secret_value(), known.capability_key.get_secret_value(), "hwd_admin"}
        assert forbidden.isdisjoint(spec.env.values())
        assert spec.env["HOWDAH_SERVICE_TOKEN"] == "hwd_service"


def test_secrets_stand_in_no_command_line(tmp_path: Path) -> None:
    known = StackSecrets(service_token=SecretStr("hwd_service"), admin_token=SecretStr("hwd_admin"))
    where = surroundings(tmp_path)
    for spec in (*api_half(where, known), *task_services(where, known)):
        line = " ".join(spec.command)
        assert known.master_key.get_secret_value() not in line
        assert "hwd_" not in line
        assert known.master_key.get_secret_value() not in repr(spec)


def test_every_child_has_a_port_of_its_own(tmp_path: Path) -> None:
    where = surroundings(tmp_path)
    ports = [spec.health_port for spec in (*api_half(where, StackSecrets()), *task_services(where, StackSecrets()))]
    assert None not in ports
    assert len(set(ports)) == len(ports)


def test_the_back_off_doubles_up_to_its_limit() -> None:
    backoff = Backoff(initial_seconds=0.5, multiplier=2, max_seconds=5)
    assert [backoff.delay(failures) for failures in range(1, 7)] == [0.5, 1, 2, 4, 5, 5]
