"""Decisions about credentials."""

from collections.abc import Sequence

from api_server.auth.principal import Principal
from api_server.credentials import keys
from api_server.credentials.schemas import AnswerBody, PasswordBody, SshKeyBody
from api_server.http.crud import Crud
from api_server.problems import FieldError, InvalidRequestError
from api_server.registry.models import Credential
from api_server.registry.repositories.catalogue import CredentialRepository
from api_server.registry.secrets import Vault
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.exchange import PasswordSecret, PromptAnswer, SshKeySecret
from howdah.contracts.ids import new_id


def credentials(work: UnitOfWork, principal: Principal) -> Crud[Credential]:
    """Return the credentials of the caller's gateway."""
    rows = CredentialRepository(work.session, principal.gateway_id)
    return Crud(work, principal, rows, "credential", unique="name")


def create(work: UnitOfWork, principal: Principal, vault: Vault, body: SshKeyBody | PasswordBody) -> Credential:
    """Seal the secret into a new row."""
    secret, public = _password(body) if isinstance(body, PasswordBody) else _key(body)
    credential_id = new_id()
    sealed = vault.seal(secret.model_dump_json().encode(), credential_id=credential_id, gateway_id=principal.gateway_id)
    row = Credential(
        id=credential_id,
        name=body.name,
        kind=body.kind,
        public_part=public,
        wrapped_key=sealed.wrapped_key,
        ciphertext=sealed.ciphertext,
        master_key_id=sealed.master_key_id,
        created_by=principal.subject,
    )
    return credentials(work, principal).create(row)


def _password(body: PasswordBody) -> tuple[PasswordSecret, None]:
    password = body.password.get_secret_value()
    if "\x00" in password or "\n" in password:
        raise InvalidRequestError(errors=[FieldError("password", "must be one line without NUL characters")])
    return PasswordSecret(password=password, answers=_answers(body.answers)), None


def _key(body: SshKeyBody) -> tuple[SshKeySecret, str]:
    if (body.private_key is not None) == body.generate:
        message = "give either a private_key or generate: true, and not both"
        raise InvalidRequestError(errors=[FieldError("private_key", message)])
    if body.private_key is None:
        if body.passphrase is not None:
            raise InvalidRequestError(errors=[FieldError("passphrase", "belongs to a private_key; leave it out")])
        pair = keys.generate()
    else:
        passphrase = body.passphrase.get_secret_value() if body.passphrase else None
        pair = keys.read(body.private_key.get_secret_value(), passphrase)
    certificate = None if body.certificate is None else keys.read_certificate(body.certificate, pair)
    secret = SshKeySecret(private_key=pair.private_text, certificate=certificate, answers=_answers(body.answers))
    return secret, f"{pair.public_text} {_comment(body.name)}"


def _answers(given: Sequence[AnswerBody]) -> tuple[PromptAnswer, ...]:
    return tuple(PromptAnswer(prompt=one.prompt, answer=one.answer.get_secret_value()) for one in given)


def _comment(name: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "-" for char in name)
