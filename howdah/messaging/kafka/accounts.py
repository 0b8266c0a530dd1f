"""Accounts at the brokers: SCRAM passwords (RFC 5802) and access control lists, given and taken by administrators."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its __init__ imports them without re-exporting
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from howdah.contracts.agents import Access
from howdah.messaging.abstract import MessagingError
from howdah.messaging.kafka.errors import in_words

log = structlog.get_logger(__name__)

_TIMEOUT_SECONDS: Final = 20.0
_ITERATIONS: Final = 8_192
"""The password has 256 random bits: more rounds of hashing would only slow the log-in."""
_MECHANISM: Final = ScramMechanism.SCRAM_SHA_512


def admit(client: AdminClient, user: str, password: str, access: Access) -> None:
    """See ``abstract.Admin``. The rights come first: whoever can log in has them."""
    for_topics = [
        _binding(user, ResourceType.TOPIC, name, ResourcePatternType.LITERAL, operation)
        for operation, names in ((AclOperation.READ, access.read), (AclOperation.WRITE, access.write))
        for name in names
    ]
    for_groups = _binding(user, ResourceType.GROUP, access.groups, ResourcePatternType.PREFIXED, AclOperation.READ)
    _await(f"{user} could not be given its rights", client.create_acls([*for_topics, for_groups]))
    info = ScramCredentialInfo(_MECHANISM, _ITERATIONS)
    _alter(client, user, UserScramCredentialUpsertion(user, info, password.encode()))
    log.info("account admitted", user=user)


def expel(client: AdminClient, user: str) -> None:
    """See ``abstract.Admin``. The rights go first: they end at once, also for who is logged in."""
    mine = AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]  # any name: the stub forgets that
        ResourcePatternType.ANY,
        _principal(user),
        None,  # type: ignore[arg-type]  # from any host
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    _await(f"the rights of {user} could not be taken", client.delete_acls([mine]))
    _alter(client, user, UserScramCredentialDeletion(user, _MECHANISM))
    log.info("account expelled", user=user)


def _alter(client: AdminClient, user: str, alteration: UserScramCredentialAlteration) -> None:
    answers = client.alter_user_scram_credentials([alteration], request_timeout=_TIMEOUT_SECONDS)
    try:
        _await(f"the password of {user} could not be changed", answers)
    except MessagingError:
        if not isinstance(alteration, UserScramCredentialDeletion) or not _is_unknown(answers.values()):
            raise


def _is_unknown(answers: Iterable["Future[Any]"]) -> bool:
    errors = [error for answer in answers if (error := answer.exception()) is not None]
    return all(
        isinstance(error, KafkaException) and error.args[0].code() == KafkaError.RESOURCE_NOT_FOUND for error in errors
    )


def _binding(
    user: str, kind: ResourceType, name: str, pattern: ResourcePatternType, operation: AclOperation
) -> AclBinding:
    return AclBinding(kind, name, pattern, _principal(user), "*", operation, AclPermissionType.ALLOW)


def _principal(user: str) -> str:
    return f"User:{user}"


def _await(what: str, answers: Mapping[Any, "Future[Any]"]) -> None:
    for answer in answers.values():
        try:
            answer.result(timeout=_TIMEOUT_SECONDS + 5)
        except KafkaException as error:
            raise in_words(what, error) from None
        except TimeoutError:
            raise MessagingError(f"{what}: no answer within {_TIMEOUT_SECONDS:g} s") from None
