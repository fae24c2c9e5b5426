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
        ("DATABASE_URL", "postgresql://a:Tr0ub4dor%zz@db/part_lens"),
        ("LISTEN_URL", "postgresql://a:Tr0ub4dor%zz@db/part_lens"),
        ("LISTEN_URL", "host=db password='hush"),
        ("ROUTE", "sideways"),
        ("PORT", "http"),
        ("PORT", "65536"),
        ("POOL_SIZE", "-5"),
        ("PREPARE", "maybe"),
        ("LOG_LEVEL", "LOUD"),
        ("WINDOW_SECONDS", "0.01"),
        ("WINDOW_SECONDS", "301"),
        ("WINDOW_SECONDS", "nan"),
        ("WINDOW_SECONDS", "soon"),
        ("V1_URL", "v1.example"),
    ],
)
def test_what_cannot_be_used_is_named_but_not_quoted(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"PART_LENS_{name}") as error:
        Settings.from_environment({**GOOD, f"PART_LENS_{name}": value})
    assert not value or value not in str(error.value)
    assert "Tr0ub4dor" not in str(error.value)
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_the_postgrest_route_needs_a_url() -> None:
    with pytest.raises(SettingsError, match="PART_LENS_POSTGREST_URL"):
        Settings.from_environment({**GOOD, "PART_LENS_ROUTE": "postgrest"})


def test_algorithms_are_those_that_can_be_verified() -> None:
    def algorithms(**more: str) -> tuple[str, ...]:
        named = {f"PART_LENS_{name}": value for name, value in more.items()}
        return Settings.from_environment({**GOOD, **named}).jwt_algorithms

    keys = ("RS256", "ES256", "EdDSA")
    assert algorithms() == ("HS256",)
    assert algorithms(JWKS="/keys.json") == ("HS256", *keys)
    assert algorithms(JWKS="/keys.json", JWT_SECRET="") == keys
    assert algorithms(JWKS="/k", JWT_ALGORITHMS="ES256, RS256") == ("ES256", "RS256")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"STORAGE_URL": "file:///bytes"}, "STORAGE_SECRET"),
        (
            {"STORAGE_URL": "file:///bytes", "STORAGE_SECRET": "s" * 31},
            "STORAGE_SECRET",
        ),
        ({"STORAGE_UPSTREAM": "ftp://elsewhere"}, "STORAGE_UPSTREAM"),
        (
            {
                "STORAGE_UPSTREAM": "http://elsewhere",
                "STORAGE_URL": "file:///bytes",
                "STORAGE_SECRET": "s" * 32,
            },
            "STORAGE_URL",
        ),
    ],
)
def test_what_storage_cannot_use_is_said(settings: dict[str, str], named: str) -> None:
    given = {f"PART_LENS_{name}": value for name, value in settings.items()}
    with pytest.raises(SettingsError, match=f"PART_LENS_{named}") as error:
        Settings.from_environment({**GOOD, **given})
    assert "s" * 31 not in str(error.value)


def test_a_tenant_can_have_a_storage_server_of_its_own() -> None:
    given = {
        "PART_LENS_STORAGE_UPSTREAM": "http://all/storage/v1/",
        "TENANT_NORTH_STORAGE_UPSTREAM": "http://north/storage/v1/",
    }
    settings = Settings.from_environment({**MANY, **given})
    north, south = (settings.of_tenant(alias) for alias in ("NORTH", "SOUTH_2"))
    assert north.storage_upstream == "http://north/storage/v1"
    assert south.storage_upstream == "http://all/storage/v1"
    assert south.database_url == MANY["TENANT_SOUTH_2_DATABASE_URL"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"JWT_ALGORITHMS": "none"}, "JWT_ALGORITHMS"),
        ({"JWT_ALGORITHMS": "HS512"}, "JWT_ALGORITHMS"),
        ({"JWT_ALGORITHMS": "RS256"}, "JWKS"),
        ({"JWT_ALGORITHMS": "HS256", "JWT_SECRET": "", "JWKS": "/k"}, "JWT_SECRET"),
        ({"JWT_SECRET": ""}, "JWT_SECRET"),
        ({"JWT_SECRET_PREVIOUS": "short"}, "JWT_SECRET_PREVIOUS"),
        ({"POSTGREST_JWT_SECRET": "short"}, "POSTGREST_JWT_SECRET"),
    ],
)
def test_what_cannot_verify_a_token_is_said(
    settings: dict[str, str], named: str
) -> None:
    given = {f"PART_LENS_{name}": value for name, value in settings.items()}
    with pytest.raises(SettingsError, match=f"PART_LENS_{named}"):
        Settings.from_environment({**GOOD, **given})


def test_no_secret_is_in_the_repr() -> None:
    given = {
        "PART_LENS_JWT_SECRET_PREVIOUS": "previous" * 8,
        "PART_LENS_POSTGREST_JWT_SECRET": "upstream" * 8,
        "PART_LENS_JWKS": "https://user:hush@keys.example/",
        "PART_LENS_STORAGE_URL": "s3://key:hush@bucket",
        "PART_LENS_STORAGE_SECRET": "urlsurls" * 8,
    }
    text = repr(Settings.from_environment({**GOOD, **given}))
    for value in ("previousprevious", "upstreamupstream", "urlsurls", "hush", SECRET):
        assert value not in text


MASTER = "PART_LENS_MASTER_DATABASE_URL"
MANY = {
    "PART_LENS_JWT_SECRET": SECRET,
    MASTER: "postgresql://master_resolver:hush@db/master",
    "TENANT_NORTH_DATABASE_URL": "postgresql://authenticator:hush@north/part_lens",
    "TENANT_SOUTH_2_DATABASE_URL": "postgresql://authenticator:hush@south/part_lens",
    "TENANT_SOUTH_2_LISTEN_URL": "postgresql://authenticator:hush@south2/part_lens",
    "TENANT_SOUTH_2_POSTGREST_URL": "http://south:3000/",
    "TENANT_SOUTH_2_POSTGREST_JWT_SECRET": "hush" * 8,
}


def test_with_master_each_tenant_has_urls_of_its_own() -> None:
    settings = Settings.from_environment(MANY)
    north, south = (settings.tenants[alias] for alias in ("NORTH", "SOUTH_2"))
    assert settings.tenants.keys() == {"NORTH", "SOUTH_2"}
    assert north.listen_url == north.database_url == MANY["TENANT_NORTH_DATABASE_URL"]
    assert south.listen_url == MANY["TENANT_SOUTH_2_LISTEN_URL"]
    assert south.postgrest_url == "http://south:3000"
    assert (north.postgrest_jwt_secret, south.postgrest_jwt_secret) == ("", "hush" * 8)
    assert (settings.master_cache, settings.master_stale) == (60, 900)
    assert "hush" not in repr(settings)


def test_without_master_there_is_one_tenant() -> None:
    settings = Settings.from_environment({**MANY, **GOOD, MASTER: ""})
    assert settings.tenants == {}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({MASTER: "hush@db"}, MASTER),
        ({"TENANT_NORTH_DATABASE_URL": "hush@db"}, "TENANT_NORTH_DATABASE_URL"),
        ({"TENANT_SOUTH_2_POSTGREST_URL": "hush"}, "TENANT_SOUTH_2_POSTGREST_URL"),
        (
            {"TENANT_SOUTH_2_POSTGREST_JWT_SECRET": "hush"},
            "TENANT_SOUTH_2_POSTGREST_JWT_SECRET",
        ),
        # Named by a URL for what the route does not need.
        ({"TENANT_SOUTH_2_DATABASE_URL": ""}, "TENANT_SOUTH_2_DATABASE_URL"),
        ({"PART_LENS_ROUTE": "postgrest"}, "TENANT_NORTH_POSTGREST_URL"),
        ({"TENANT_East_DATABASE_URL": "host=hush"}, "TENANT_East_DATABASE_URL"),
        ({"TENANT_0_DATABASE_URL": "host=hush"}, "TENANT_0_DATABASE_URL"),
        ({"PART_LENS_MASTER_CACHE": "0"}, "PART_LENS_MASTER_CACHE"),
        ({"PART_LENS_MASTER_STALE": "86401"}, "PART_LENS_MASTER_STALE"),
        (dict.fromkeys(list(MANY)[2:], ""), "TENANT_<ALIAS>_DATABASE_URL"),
    ],
)
def test_tenant_that_cannot_be_used_is_named_but_not_quoted(
    changed: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsError, match=named) as error:
        Settings.from_environment({**MANY, **changed})
    assert "hush" not in str(error.value)
