from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import IndexKind, Settings, load_settings


def refused(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ)
    return caught.value.detail


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "copilot.toml"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"COPILOT_HOME": str(tmp_path)}


def test_nothing_stated_gives_the_defaults(tmp_path: Path) -> None:
    settings = load_settings({"COPILOT_HOME": str(tmp_path), "PATH": "/bin"})
    assert settings == Settings(home=tmp_path)
    assert settings.index.kind is IndexKind.EMBEDDED
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path / 'copilot.db'}"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("COPILOT_LLM__BASE_URLL", "llm.base_urll"),
        ("COPILOT_LMM__BASE_URL", "lmm"),
        ("COPILOT_HOMES", "homes"),
        ("COPILOT_TEST_DATA", "test_data"),
    ],
)
def test_unknown_variable_is_refused_with_its_path(home: dict[str, str], name: str, path: str) -> None:
    detail = refused({**home, name: "x"})
    assert f"unknown setting '{path}'" in detail
    assert "COPILOT_" + path.upper().replace(".", "__") in detail


def test_unknown_key_of_the_file_is_refused_with_path_and_file(home: dict[str, str], toml: Path) -> None:
    toml.write_text("[answers]\ntreshold = 0.4\n")
    detail = refused(home)
    assert "unknown setting 'answers.treshold' (COPILOT_ANSWERS__TRESHOLD)" in detail
    assert str(toml) in detail


def test_all_problems_are_told_at_once(home: dict[str, str]) -> None:
    detail = refused({**home, "COPILOT_SERVER__PORT": "many", "COPILOT_NONSENSE": "1"})
    assert "'server.port' (COPILOT_SERVER__PORT)" in detail
    assert "'nonsense'" in detail


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("COPILOT_SERVER__PORT", "eight", "server.port"),
        ("COPILOT_SERVER__PORT", "65536", "server.port"),
        ("COPILOT_ANSWERS__THRESHOLD", "1.5", "answers.threshold"),
        ("COPILOT_ANSWERS__PASSAGES", "0", "answers.passages"),
        ("COPILOT_INDEX__KIND", "cloud", "index.kind"),
        ("COPILOT_LLM", "gpt", "llm"),
    ],
)
def test_value_of_a_wrong_kind_is_refused_with_its_path(home: dict[str, str], name: str, value: str, path: str) -> None:
    assert f"setting '{path}' ({name})" in refused({**home, name: value})


def test_secret_of_a_wrong_kind_is_not_repeated(home: dict[str, str], toml: Path) -> None:
    toml.write_text('[llm]\napi_key = ["sk-very-secret"]\n')
    assert "sk-very-secret" not in refused(home)


def test_secrets_do_not_show_in_the_settings_text(home: dict[str, str]) -> None:
    settings = load_settings({**home, "COPILOT_LLM__API_KEY": "sk-very-secret", "COPILOT_MASTER_KEY": "hush"})
    assert "sk-very-secret" not in repr(settings)
    assert "hush" not in str(settings)
    assert settings.llm.api_key is not None
    assert settings.llm.api_key.get_secret_value() == "sk-very-secret"


def test_variable_beats_the_file_and_leaves_its_neighbours(home: dict[str, str], toml: Path) -> None:
    toml.write_text('[llm]\nbase_url = "http://file"\nmodel = "from-file"\n[server]\nport = 9000\n')
    settings = load_settings({**home, "COPILOT_LLM__BASE_URL": "http://variable"})
    assert settings.llm.base_url == "http://variable"
    assert settings.llm.model == "from-file"
    assert settings.server.port == 9000


def test_variable_within_a_plain_value_is_refused(home: dict[str, str]) -> None:
    assert "COPILOT_LLM__MODEL" in refused({**home, "COPILOT_LLM": "x", "COPILOT_LLM__MODEL": "y"})


def test_roots_are_a_list_like_a_search_path(home: dict[str, str], toml: Path) -> None:
    listed = os.pathsep.join(("/srv/docs", "/srv/more", ""))
    assert load_settings({**home, "COPILOT_INGEST__ROOTS": listed}).ingest.roots == (
        Path("/srv/docs"),
        Path("/srv/more"),
    )
    toml.write_text('[ingest]\nroots = ["/a", "/b"]\n')
    assert load_settings(home).ingest.roots == (Path("/a"), Path("/b"))


def test_named_file_is_read_instead_of_the_one_in_the_home_folder(
    home: dict[str, str], toml: Path, tmp_path: Path
) -> None:
    toml.write_text("[server]\nport = 1111\n")
    other = tmp_path / "other.toml"
    other.write_text("[server]\nport = 2222\n")
    assert load_settings(home).server.port == 1111
    assert load_settings({**home, "COPILOT_CONFIG": str(other)}).server.port == 2222


@pytest.mark.parametrize("missing", ["absent.toml", ""])
def test_named_file_that_is_none_is_refused(home: dict[str, str], tmp_path: Path, missing: str) -> None:
    path = tmp_path / missing  # "": the folder itself
    assert f"COPILOT_CONFIG names {path}" in refused({**home, "COPILOT_CONFIG": str(path)})


@pytest.mark.parametrize("content", [b"[llm", b"port = ", b"\xff\xfe\x00"])
def test_broken_file_is_refused_by_name(home: dict[str, str], toml: Path, content: bytes) -> None:
    toml.write_bytes(content)
    assert f"{toml} is no valid TOML" in refused(home)


def test_settings_cannot_be_changed_afterwards(home: dict[str, str]) -> None:
    settings = load_settings(home)
    with pytest.raises(ValueError, match="frozen"):
        settings.server.port = 1  # type: ignore[misc]


def test_postgresql_address_is_taken_as_it_is(home: dict[str, str]) -> None:
    url = "postgresql+psycopg://u:p@db/copilot"
    assert load_settings({**home, "COPILOT_DATABASE__URL": url}).database_url == url
