"""How a client of Kafka is told whom to trust and who it is: whole, or not at all, and never shown."""

from pathlib import Path

import pytest

from howdah.contracts.errors import ConfigurationError
from howdah.messaging.kafka.configuration import connection
from howdah.runtime.settings import KafkaSettings

SECRET = "a secret that is in no log"


def settings(**fields: object) -> KafkaSettings:
    return KafkaSettings.load(**fields)


def test_without_a_word_nothing_is_encrypted_and_nobody_logs_in() -> None:
    options = connection(settings(), "test")
    assert options["security.protocol"] == "PLAINTEXT"
    assert not [name for name in options if name.startswith(("sasl", "ssl"))]


def test_an_account_and_its_authority_reach_the_client() -> None:
    options = connection(
        settings(
            kafka_security_protocol="SASL_SSL", kafka_ca_pem="PEM", kafka_username="agent-1", kafka_password=SECRET
        ),
        "test",
    )
    assert options["security.protocol"] == "SASL_SSL"
    assert options["ssl.endpoint.identification.algorithm"] == "https"
    assert options["ssl.ca.pem"] == "PEM"
    assert options["sasl.mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl.username"], options["sasl.password"]) == ("agent-1", SECRET)


def test_further_options_win() -> None:
    options = connection(settings(kafka_options={"security.protocol": "ssl"}), "test")
    assert options["security.protocol"] == "ssl"


def test_a_password_in_a_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    known = settings(kafka_security_protocol="SASL_SSL", kafka_username="me", kafka_password_file=file)
    assert connection(known, "test")["sasl.password"] == SECRET


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_password_file_without_a_password_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    known = settings(kafka_security_protocol="SASL_SSL", kafka_username="me", kafka_password_file=file)
    with pytest.raises(ConfigurationError, match=f"HOWDAH_KAFKA_PASSWORD_FILE: {file}"):
        connection(known, "test")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kafka_security_protocol": "SASL_SSL"}, "needs HOWDAH_KAFKA_USERNAME and"),
        ({"kafka_security_protocol": "SASL_SSL", "kafka_username": "me"}, "either HOWDAH_KAFKA_PASSWORD or"),
        (
            {
                "kafka_security_protocol": "SASL_SSL",
                "kafka_username": "me",
                "kafka_password": SECRET,
                "kafka_password_file": Path("/p"),
            },
            "either HOWDAH_KAFKA_PASSWORD or",
        ),
        ({"kafka_username": "me"}, "HOWDAH_KAFKA_USERNAME: would be ignored"),
        ({"kafka_security_protocol": "SSL", "kafka_password": SECRET}, "would be ignored"),
        ({"kafka_ca_pem": "PEM", "kafka_ca_file": Path("/ca")}, "and not both"),
        ({"kafka_security_protocol": "TLS"}, "HOWDAH_KAFKA_SECURITY_PROTOCOL"),
    ],
)
def test_half_a_setting_is_refused_in_words_that_hold_no_secret(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as refused:
        settings(**fields)
    assert SECRET not in str(refused.value)


def test_secrets_are_not_shown() -> None:
    known = settings(kafka_security_protocol="SASL_SSL", kafka_username="me", kafka_password=SECRET, kafka_ca_pem="PEM")
    assert SECRET not in repr(known)
