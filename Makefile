# The one entry point. `make help` lists what it does.

SHELL          := /bin/bash
# Not PYTHON: with that a user tells the bootstrap which one to make the environment of.
OWN_PYTHON     := .venv/bin/python
ANY_PYTHON      = $(or $(wildcard $(OWN_PYTHON)),python3)

GATEWAY_PORT   ?= 3000
POSTGREST_PORT ?= 3001
ROUTE          ?= direct
WORKERS        ?= auto

export GATEWAY_PORT POSTGREST_PORT

.DEFAULT_GOAL  := help
.PHONY: help bootstrap demo test pgtap migrate verify revert status migration parity \
        supabase import adopt canary canary-set reconcile readiness tick metrics postgrest \
        gateway env token totp bench evidence lint stop clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap: ## Install what is missing on this machine; does nothing when all is there.
	@deploy/bootstrap

demo: bootstrap ## Bring everything up with the sample fleet and walk through it (ROUTE=direct|postgrest).
	@$(OWN_PYTHON) -m deploy.cluster start
	@$(OWN_PYTHON) -m deploy.sqitch deploy
	@$(OWN_PYTHON) -m deploy.services gateway --route $(ROUTE)
	@$(OWN_PYTHON) -m deploy.demo --route $(ROUTE)

# Whatever the caller names: these work on the embedded cluster alone.
demo gateway postgrest: override export DATABASE_URL :=

test: ## Run all tests on a cluster of their own (WORKERS= at once, ARGS= goes to pytest).
	@deploy/bootstrap test
	@$(OWN_PYTHON) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

pgtap: bootstrap ## Run the pgTAP files under pg_prove on a cluster of their own (SERVER=17, ARGS= goes to pg_prove).
	@$(OWN_PYTHON) -m deploy.pgtap $(if $(SERVER),--server $(SERVER)) $(ARGS)

migrate: bootstrap ## Deploy the migrations to DATABASE_URL (default: the embedded cluster; PROJECT= TO=).
	@$(OWN_PYTHON) -m deploy.sqitch deploy $(SQITCH)

verify: bootstrap ## Run Sqitch's verify scripts against DATABASE_URL (PROJECT=).
	@$(OWN_PYTHON) -m deploy.sqitch verify $(SQITCH)

revert: bootstrap ## Revert the migrations of DATABASE_URL; asks on a terminal (PROJECT= TO=).
	@$(OWN_PYTHON) -m deploy.sqitch revert $(SQITCH)

status: bootstrap ## Show what is deployed to DATABASE_URL (PROJECT=).
	@$(OWN_PYTHON) -m deploy.sqitch status $(SQITCH)

SQITCH = $(if $(PROJECT),--project $(PROJECT)) $(if $(TO),--to $(TO))

migration: bootstrap ## Draft a migration from what changed in sql/, policies/ and rpc/ (NAME=).
	@$(OWN_PYTHON) -m deploy.migration "$(or $(NAME),$(error NAME= is missing))"

parity: bootstrap ## Compare the migrations with the desired state, on clusters of its own.
	@$(OWN_PYTHON) -m deploy.parity

supabase: bootstrap ## Write the plan as migrations of the Supabase CLI (OUTPUT=supabase/migrations PROJECT=).
	@$(OWN_PYTHON) -m deploy.supabase $(if $(OUTPUT),--output "$(OUTPUT)") $(if $(PROJECT),--project $(PROJECT))

import: bootstrap ## Load a CSV of parts (FILE=, YACHT=) through the running gateway.
	@$(OWN_PYTHON) -m deploy.importer "$(or $(FILE),$(error FILE= is missing))" --yacht "$(or $(YACHT),$(error YACHT= is missing))"

adopt: bootstrap ## Take over a yacht (YACHT=, NAME=) of the older design from LEGACY_URL (ARGS=--dry-run).
	@$(OWN_PYTHON) -m deploy.adopt --yacht "$(or $(YACHT),$(error YACHT= is missing))" $(if $(NAME),--name "$(NAME)") $(ARGS)

canary: bootstrap ## Show where the canary ramp stands, the last decisions and why.
	@$(OWN_PYTHON) -m deploy.operate canary $(ARGS)

canary-set: bootstrap ## Set the percentage of yachts that are in (PERCENT=, REASON=; ARGS=--no-watch ends the ramp).
	@$(if $(PERCENT),,$(error PERCENT= is missing))$(if $(REASON),,$(error REASON= is missing))
	@$(OWN_PYTHON) -m deploy.operate canary-set "$$PERCENT" --reason "$$REASON" $(ARGS)

# Not expanded by make: a reason may hold any character.
canary-set: override export PERCENT := $(value PERCENT)
canary-set: override export REASON := $(value REASON)

reconcile: bootstrap ## Compare all stocks with the ledger and put cached quantities right.
	@$(OWN_PYTHON) -m deploy.operate reconcile

readiness: bootstrap ## Show whether the version before can be retired: figure, threshold, verdict.
	@$(OWN_PYTHON) -m deploy.operate readiness

metrics: bootstrap ## Write what only SQL knows as metrics for Prometheus (FILE=, TENANT=).
	@$(OWN_PYTHON) -m deploy.ledger_metrics $(if $(FILE),--file "$(FILE)") $(if $(TENANT),--tenant "$(TENANT)")

tick: bootstrap ## Do what has to happen every minute where there is no pg_cron.
	@$(OWN_PYTHON) -m deploy.operate tick

postgrest: migrate ## Serve the embedded cluster by PostgREST alone on POSTGREST_PORT.
	@$(OWN_PYTHON) -m deploy.services postgrest

gateway: migrate ## Serve the embedded cluster by the gateway on GATEWAY_PORT (ROUTE=direct|postgrest).
	@$(OWN_PYTHON) -m deploy.services gateway --route $(ROUTE)

env: $(OWN_PYTHON) ## Print what a client needs, for eval "$(make -s env)".
	@$(OWN_PYTHON) -m deploy.env

token: $(OWN_PYTHON) ## Print one token (ROLE=crew|hod|purser|captain|manager|stranger|service).
	@$(OWN_PYTHON) -m deploy.tokens "$(or $(ROLE),$(error ROLE= is missing))"

totp: $(OWN_PYTHON) ## Print one code of an authenticator, not given before (ROLE=crew|hod|captain|manager).
	@$(OWN_PYTHON) -m deploy.signers "$(or $(ROLE),$(error ROLE= is missing))"

bench: ## Measure the speed on a cluster of its own, print a table and write JSON (ARGS="--only gateway").
	@deploy/bootstrap bench
	@$(OWN_PYTHON) -m deploy.bench $(ARGS)

evidence: bootstrap ## Examine every claim on a live installation; verdicts and data in evidence/bundle (ARGS=).
	@$(OWN_PYTHON) -m evidence.collector $(ARGS)

lint: bootstrap ## Check style and types (ruff, mypy).
	@$(OWN_PYTHON) -m ruff check .
	@$(OWN_PYTHON) -m ruff format --check .
	@$(OWN_PYTHON) -m mypy

stop: ## Stop the gateway, PostgREST and the embedded cluster.
	@$(ANY_PYTHON) -m deploy.stop

clean: ## Stop everything and remove what was made: state, data, environment.
	@$(ANY_PYTHON) -m deploy.stop --clean

$(OWN_PYTHON):
	@echo "Part Lens is not set up here yet: 'make demo' does it" >&2; exit 1
