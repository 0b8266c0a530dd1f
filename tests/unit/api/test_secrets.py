"""Envelope encryption and capabilities: what was sealed for one row opens for that row only."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from api_server.auth.capabilities import ALGORITHM, AUDIENCE, LIFE, Capabilities, Grant
from api_server.auth.principal import SCOPES_OF, Principal, Role
from api_server.problems import ForbiddenError, ProblemError, UnauthenticatedError
from api_server.registry.secrets import Sealed, UnreadableSecretError, Vault, key_id
from howdah.contracts.exchange import Access
from howdah.contracts.ids import GatewayId
from howdah.runtime.clock import SystemClock

OLD, NEW = os.urandom(32), os.urandom(32)
ROW = {"credential_id": "c", "gateway_id": "g"}


class At(SystemClock):
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def test_what_was_sealed_opens_for_its_row() -> None:
    vault = Vault([OLD])
    sealed = vault.seal(b"secret", **ROW)
    assert vault.open(sealed, **ROW) == b"secret"
    assert b"secret" not in sealed.ciphertext + sealed.wrapped_key
    assert vault.seal(b"secret", **ROW).ciphertext != sealed.ciphertext


def _flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    "alter",
    [
        lambda sealed, row: (sealed, {**row, "credential_id": "other"}),
        lambda sealed, row: (sealed, {**row, "gateway_id": "other"}),
        lambda sealed, row: (replace(sealed, ciphertext=_flipped(sealed.ciphertext)), row),
        lambda sealed, row: (replace(sealed, wrapped_key=_flipped(sealed.wrapped_key)), row),
        lambda sealed, row: (replace(sealed, ciphertext=Vault([OLD]).seal(b"x", **ROW).ciphertext), row),
    ],
)
def test_a_moved_or_altered_ciphertext_does_not_open(
    alter: Callable[[Sealed, dict[str, str]], tuple[Sealed, dict[str, str]]],
) -> None:
    vault = Vault([OLD])
    sealed, row = alter(vault.seal(b"secret", **ROW), ROW)
    with pytest.raises(UnreadableSecretError, match="altered"):
        vault.open(sealed, **row)


def test_master_keys_rotate() -> None:
    sealed = Vault([OLD]).seal(b"secret", **ROW)
    assert Vault([NEW, OLD]).open(sealed, **ROW) == b"secret"
    moved = Vault([NEW, OLD]).rewrap(sealed, **ROW)
    assert moved.master_key_id == key_id(NEW)
    assert Vault([NEW]).open(moved, **ROW) == b"secret"
    with pytest.raises(UnreadableSecretError, match="HOWDAH_MASTER_KEYS_OLD"):
        Vault([NEW]).open(sealed, **ROW)


GRANT = Grant("t", "noop", "p", "g", ("c",), ("howdah://objects/in",), ("howdah://objects/out",))


def service(subject: str = "services") -> Principal:
    return Principal(GatewayId("g"), subject, Role.SERVICE, SCOPES_OF[Role.SERVICE])


def slug_of(call: Callable[[], object]) -> str:
    with pytest.raises(ProblemError) as caught:
        call()
    return caught.value.slug


def test_a_capability_says_what_was_granted_until_it_expires() -> None:
    clock = At()
    capabilities = Capabilities(OLD, clock)
    text = capabilities.mint(GRANT)
    assert capabilities.verify(text, service()) == GRANT
    assert capabilities.verify(text, service("noop")) == GRANT
    assert slug_of(lambda: capabilities.verify(text, service("env-setup"))) == "not-granted"
    clock.at += LIFE - timedelta(seconds=1)
    assert capabilities.verify(text, service()) == GRANT
    clock.at += timedelta(seconds=1)
    assert slug_of(lambda: capabilities.verify(text, service())) == "capability-expired"
    assert capabilities.verify(text, service(), allow_expired=True) == GRANT


@pytest.mark.parametrize(
    "forge",
    [
        lambda claims: jwt.encode(claims, NEW, ALGORITHM),
        lambda claims: jwt.encode(claims, "", "none"),
        lambda claims: jwt.encode({**claims, "aud": "other"}, OLD, ALGORITHM),
        lambda claims: jwt.encode({key: value for key, value in claims.items() if key != "exp"}, OLD, ALGORITHM),
        lambda claims: jwt.encode(claims, OLD, ALGORITHM)[:-4],
        lambda _: "",
    ],
)
def test_a_forged_capability_is_refused(forge: Callable[[dict[str, Any]], str]) -> None:
    capabilities = Capabilities(OLD, SystemClock())
    claims = jwt.decode(capabilities.mint(GRANT), OLD, [ALGORITHM], audience=AUDIENCE)
    with pytest.raises(UnauthenticatedError) as caught:
        capabilities.verify(forge(claims), service(), allow_expired=True)
    assert caught.value.slug == "capability-invalid"


def test_a_grant_covers_what_it_names_and_in_that_direction() -> None:
    GRANT.check_credential("c")
    GRANT.check_object("howdah://objects/in", Access.READ)
    GRANT.check_object("howdah://objects/out", Access.WRITE)
    refusals: list[Callable[[], None]] = [
        lambda: GRANT.check_credential("d"),
        lambda: GRANT.check_object("howdah://objects/in", Access.WRITE),
        lambda: GRANT.check_object("howdah://objects/out", Access.READ),
    ]
    for refused in refusals:
        with pytest.raises(ForbiddenError):
            refused()
