"""What the environment may say."""

from __future__ import annotations

import pytest

from gateway.settings import Settings, SettingsError

SECRET = "s" * 32
GOOD = {
    "PART_LENS_JWT_SECRET": SECRET,
    "PART_LENS_DATABASE_URL": "postgresql://authenticator:hush@db/part_lens",
}


def test_defaults_need_a_database_and_a_secret_only() -> None:
    settings = Settings.from_environment(GOOD)
    assert (settings.route, settings.port, settings.jwt_audience) == (
        "direct",
        3000,
        "authenticated",
    )
    assert settings.listen_url == settings.database_url


def test_an_empty_audience_switches_the_check_off() -> None:
    settings = Settings.from_environment({**GOOD, "PART_LENS_JWT_AUD": ""})
    assert settings.jwt_audience is None


def test_secrets_are_not_in_the_repr() -> None:
    text = repr(Settings.from_environment(GOOD))
    assert SECRET not in text
    assert "hush" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_SECRET", "s" * 31),
        ("DATABASE_URL", ""),
        ("ROUTE", "sideways"),
        ("PORT", "http"),
        ("PORT", "65536"),
        ("POOL_SIZE", "-5"),
        ("PREPARE", "maybe"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_what_cannot_be_used_is_named_but_not_quoted(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"PART_LENS_{name}") as error:
        Settings.from_environment({**GOOD, f"PART_LENS_{name}": value})
    assert not value or value not in str(error.value)


def test_the_postgrest_route_needs_a_url() -> None:
    with pytest.raises(SettingsError, match="PART_LENS_POSTGREST_URL"):
        Settings.from_environment({**GOOD, "PART_LENS_ROUTE": "postgrest"})
