import base64
from pathlib import Path

import pytest
from pydantic import SecretStr

from howdah.local.errors import LocalStackError
from howdah.local.stack_secrets import SecretFile


def test_secrets_are_generated_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "stack" / "secrets.json"
    first = SecretFile(path).load()
    assert SecretFile(path).load() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    for key in (first.master_key, first.capability_key):
        assert len(base64.b64decode(key.get_secret_value())) == 32
    assert first.master_key != first.capability_key


def test_tokens_are_kept(tmp_path: Path) -> None:
    file = SecretFile(tmp_path / "secrets.json")
    file.save(file.load().model_copy(update={"admin_token": SecretStr("hwd_token")}))
    token = SecretFile(tmp_path / "secrets.json").load().admin_token
    assert token is not None
    assert token.get_secret_value() == "hwd_token"


def test_secrets_are_not_shown_by_accident(tmp_path: Path) -> None:
    known = SecretFile(tmp_path / "secrets.json").load()
    for text in (repr(known), str(known), f"{known.master_key}"):
        assert known.master_key.get_secret_value() not in text


def test_a_damaged_file_is_refused_without_showing_it_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text('{"master_key": ["precious"]}')
    with pytest.raises(LocalStackError, match=r"damaged.*restore it") as caught:
        SecretFile(path).load()
    assert "precious" not in str(caught.value)
    assert path.read_text() == '{"master_key": ["precious"]}'
