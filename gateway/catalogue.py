"""The functions that may be called, as the database's catalogue describes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from psycopg.rows import dict_row

from gateway.errors import ApiError
from gateway.statements import PLAIN, SCHEMA, Form, write_call

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg

    from gateway.arguments import Arguments, Source

CALLS_MOST = 1024
# How similar PostgREST's "Perhaps you meant" has to be.
SIMILAR_NAME, SIMILAR_PARAMETERS = 0.75, 0.33

ISOLATION = "default_transaction_isolation"
# The function settings that PostgREST applies before the call, because inside it they
# would come too late.
HOISTED = frozenset(
    {"statement_timeout", "plan_filter.statement_cost_limit", ISOLATION}
)

# Functions with an unnamed parameter cannot be called by name and are left out.
FUNCTIONS = """
SELECT
    p.proname AS name,
    p.provolatile <> 'v' AS read_only,
    p.proretset AS many,
    CASE
        WHEN t.typtype = 'c' OR p.proargmodes && '{o,b,t}' THEN 'row'
        WHEN t.oid IN ('json'::regtype, 'jsonb'::regtype) THEN 'json'
        WHEN t.oid = 'void'::regtype THEN 'void'
        ELSE 'scalar'
    END AS shape,
    coalesce(p.proconfig, '{}') AS settings,
    coalesce(a.parameters, '[]') AS parameters
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_type AS t ON t.oid = p.prorettype
CROSS JOIN LATERAL (
    SELECT
        jsonb_agg(
            jsonb_build_array(
                coalesce(p.proargnames[i.place], ''),
                pg_catalog.format_type(p.proargtypes[i.input - 1], NULL),
                pg_catalog.format_type(p.proargtypes[i.input - 1], -1),
                i.input <= p.pronargs - p.pronargdefaults,
                i.mode = 'v'
            )
            ORDER BY i.input
        ) AS parameters
    FROM (
        SELECT
            m.place,
            m.mode,
            row_number() OVER (ORDER BY m.place) AS input
        FROM unnest(
            coalesce(
                p.proargmodes::text[],
                array_fill('i'::text, ARRAY[p.pronargs::integer])
            )
        ) WITH ORDINALITY AS m (mode, place)
        WHERE m.mode IN ('i', 'b', 'v')
    ) AS i
) AS a
WHERE p.pronamespace = %s::regnamespace
    AND p.prokind = 'f'
    AND t.oid NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
    AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(a.parameters) AS x (parameter)
        WHERE x.parameter ->> 0 = ''
    )
ORDER BY p.proname, p.oid
"""

# A role that is switched to brings none of its settings: they are applied by hand.
ROLE_SETTINGS = """
SELECT
    r.rolname AS role,
    r.rolconfig AS settings
FROM pg_catalog.pg_roles AS r
WHERE pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER')
    AND r.rolname <> current_user
    AND r.rolconfig IS NOT NULL
"""
USER_SETTINGS = "SELECT name FROM pg_catalog.pg_settings WHERE context = 'user'"

Settings = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named input of a function.

    `type` as PostgreSQL writes it, `cast` as what takes values of any length: without
    one, `character` and `bit` have a length of 1.
    """

    name: str
    type: str
    cast: str
    required: bool
    variadic: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A callable function and how its answer is to be rendered."""

    name: str
    parameters: Mapping[str, Parameter]
    read_only: bool
    many: bool
    shape: Literal["row", "json", "void", "scalar"]
    settings: Settings


@dataclass(frozen=True, slots=True)
class Call:
    """A function together with the statement that calls it with certain arguments.

    The statement's columns and parameters are those of `gateway.statements`.
    """

    function: Function
    statement: bytes
    form: Form


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What one look at the database found."""

    functions: Mapping[str, Sequence[Function]]
    role_settings: Mapping[str, Settings]
    _calls: dict[tuple[str, Source, frozenset[str], Form], Call] = field(
        default_factory=dict
    )

    def call(self, name: str, arguments: Arguments, form: Form = PLAIN) -> Call:
        """Return the call of function `name` with arguments of these names.

        :raises ApiError: 404 PGRST202, 300 PGRST203.
        """
        key = (name, arguments.source, arguments.names, form)
        if (call := self._calls.get(key)) is None:
            function = self._match(name, arguments)
            if not function.many:
                form = Form(stripped=form.stripped)
            statement = write_call(function, arguments.source, arguments.names, form)
            call = Call(function, statement, form)
            # Subsets of optional parameters are many: whoever tries them all must
            # not fill the memory.
            if len(self._calls) >= CALLS_MOST:
                self._calls.clear()
            self._calls[key] = call
        return call

    def info(self, name: str) -> bool:
        """Say whether `name` may be called by GET.

        :raises ApiError: 404 PGRST202 when there is no such function.
        """
        if name not in self.functions:
            raise self._not_found(name, frozenset(), None)
        return all(function.read_only for function in self.functions[name])

    def _match(self, name: str, arguments: Arguments) -> Function:
        names = arguments.names
        found = [
            function
            for function in self.functions.get(name, ())
            if names <= function.parameters.keys()
            and all(p.name in names for p in function.parameters.values() if p.required)
        ]
        if not found:
            raise self._not_found(name, names, arguments.unnamed)
        if len(found) > 1:
            raise _ambiguous(found)
        return found[0]

    def _not_found(
        self, name: str, names: frozenset[str], unnamed: str | None
    ) -> ApiError:
        ordered = sorted(names)
        listed = ", ".join(ordered)
        plural = "s" if len(ordered) > 1 else ""
        searched = (
            f" with parameter{plural} {listed}" if names else " without parameters"
        )
        signature = f"({listed})" if names else " without parameters"
        hint = self._similar(name, f"({listed})")
        if unnamed == "json/jsonb":
            searched += " or with a single unnamed json/jsonb parameter"
        elif unnamed is not None:
            searched = f" with a single unnamed {unnamed} parameter"
            signature, hint = "", None
        return ApiError(
            404,
            "PGRST202",
            f"Could not find the function {SCHEMA}.{name}{signature}"
            " in the schema cache",
            details=f"Searched for the function {SCHEMA}.{name}{searched},"
            " but no matches were found in the schema cache.",
            hint=hint,
        )

    def _similar(self, name: str, signature: str) -> str | None:
        if functions := self.functions.get(name):
            signatures = [f"({', '.join(sorted(f.parameters))})" for f in functions]
            best = get_close_matches(
                signature, signatures, n=1, cutoff=SIMILAR_PARAMETERS
            )
            best = [name + text for text in best]
        else:
            best = get_close_matches(name, self.functions, n=1, cutoff=SIMILAR_NAME)
        if not best:
            return None
        return f"Perhaps you meant to call the function {SCHEMA}.{best[0]}"


def _ambiguous(functions: Iterable[Function]) -> ApiError:
    signatures = ", ".join(
        f"{SCHEMA}.{function.name}("
        + ", ".join(f"{p.name} => {p.type}" for p in function.parameters.values())
        + ")"
        for function in functions
    )
    return ApiError(
        300,
        "PGRST203",
        f"Could not choose the best candidate function between: {signatures}",
        hint="Try renaming the parameters or the function itself in the database so"
        " function overloading can be resolved",
    )


def _pairs(settings: Iterable[str], wanted: Iterable[str]) -> Settings:
    pairs = (setting.partition("=")[::2] for setting in settings)
    return tuple((name, value) for name, value in pairs if name in wanted)


async def load(connection: psycopg.AsyncConnection[Any]) -> Catalogue:
    """Read the catalogue of the database that `connection` leads to."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        functions: dict[str, list[Function]] = {}
        for row in await (await cursor.execute(FUNCTIONS, [SCHEMA])).fetchall():
            parameters = [Parameter(*fields) for fields in row["parameters"]]
            function = Function(
                name=row["name"],
                parameters={p.name: p for p in parameters},
                read_only=row["read_only"],
                many=row["many"],
                shape=row["shape"],
                settings=_pairs(row["settings"], HOISTED),
            )
            functions.setdefault(function.name, []).append(function)
        names = await (await cursor.execute(USER_SETTINGS)).fetchall()
        settable = {row["name"] for row in names}
        roles = await (await cursor.execute(ROLE_SETTINGS)).fetchall()
        return Catalogue(
            functions, {r["role"]: _pairs(r["settings"], settable) for r in roles}
        )
