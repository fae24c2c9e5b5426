#!/bin/bash
# Deploy both Sqitch projects to the database that PGHOST, PGUSER, PGPASSWORD and PGDATABASE name.

set -euo pipefail

for project in tenant master; do
    (cd "${MIGRATIONS:-/migrations}/$project" && sqitch deploy "db:pg:${PGDATABASE:?names the database}")
done
