# Personalised Butler. `make help` lists the targets; every target installs what it needs.

SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CODE := botgateway butler_project digests llm observability personalization sandbox
REQUIREMENTS := requirements.txt requirements-dev.txt constraints.txt
TOKENIZERS := .venv-tokenizers
MEASURED := tests/benchmarks/tokenizers
SYSTEM_PACKAGES := chromium chromium-driver prometheus prometheus-alertmanager
AS_ROOT := $(shell test "$$(id -u)" = 0 || echo sudo)
# What looks at the code sees the defaults, not the configuration of this machine.
DEFAULTS := env -u MONGODB_URL -u REDIS_URL -u TELEGRAM_BOT_TOKEN BUTLER_ENV_FILE= DATA_DIR=$(CURDIR)/data/lint
# Tests that share a running stack stay together and come first, see tests/harness/grouping.py.
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder
ARGS ?=
# A benchmark that others repeat is of the same days; nothing of them expires before it is read.
DIGESTS_UNTIL := 2026-06-30
DIGESTS_REPORT := data/benchmark/channel_digest_ru

.DEFAULT_GOAL := help
.PHONY: help run test coverage test-system lint format bench benchmark-digests measure-tokens up down check-infra constraints clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(INSTALLED) ## start everything; Ctrl-C stops it (settings: .env, or make run WEB_PORT=8001)
	@exec $(BIN)/python -m butler_project.supervisor

test: $(INSTALLED) ## run the tests (one of them: make test ARGS="-k name")
	@$(PYTEST) -m "not system" $(ARGS)

coverage: $(INSTALLED) ## run the same tests, a third slower, and list the lines that none of them reaches
	@rm -f .coverage.*
	@$(PYTEST) -m "not system" --cov --cov-report=term:skip-covered $(ARGS); \
	  status=$$?; rm -f .coverage.*; exit $$status # those of processes that were killed or outlived the tests

test-system: $(INSTALLED) ## run the tests that need Debian packages, which it installs
	@dpkg -s $(SYSTEM_PACKAGES) >/dev/null 2>&1 || { \
	  echo "Installing $(SYSTEM_PACKAGES) with apt-get..."; \
	  $(AS_ROOT) apt-get update -qq && \
	  $(AS_ROOT) env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $(SYSTEM_PACKAGES) >/dev/null; }
	@$(PYTEST) -m system $(ARGS)

lint: $(INSTALLED) ## style, types, import rules, security, forgotten migrations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(DEFAULTS) $(BIN)/mypy $(CODE) $(wildcard *.py)
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/bandit -q -ll -r $(CODE) $(wildcard *.py)
	@$(DEFAULTS) $(BIN)/python -m butler_project.embedded.with_servers \
	  $(BIN)/python manage.py makemigrations --check --dry-run
	@if [ -x $(BIN)/hadolint ]; then $(BIN)/hadolint Dockerfile; fi
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml

format: $(INSTALLED) ## put the code into the agreed form
	@$(BIN)/ruff check --fix-only -q .
	@$(BIN)/ruff format -q .

bench: $(INSTALLED) ## measure the real stack
	@$(BIN)/python -m tests.benchmarks $(ARGS)

benchmark-digests: $(INSTALLED) ## from nothing to a report on channel digests (another model: ARGS="--model NAME")
	@env -u MONGODB_URL -u REDIS_URL -u TELEGRAM_BOT_TOKEN POST_TTL_DAYS=3650 LOG_LEVEL=WARNING \
	  $(BIN)/python -m butler_project.embedded.with_servers $(SHELL) -ec ' \
	    $(BIN)/python manage.py migrate --verbosity 0; \
	    $(BIN)/python manage.py seed_benchmark --until $(DIGESTS_UNTIL) --out data/benchmark; \
	    $(BIN)/python manage.py run_benchmark --scenario channel_digest_ru --out $(DIGESTS_REPORT) $(ARGS)'

measure-tokens: $(TOKENIZERS)/.installed ## compare the token estimates with real tokenizers (140 MB to download)
	@$(TOKENIZERS)/bin/python -m tests.benchmarks.tokenizers.measure $(ARGS)

up: ## production: build and start the containers (docker compose)
	@deploy/make-secrets.sh
	@docker compose up --build --detach --wait

down: ## stop the containers; their data stays
	@docker compose down

check-infra: ## verify every service, of the containers or of `make run`
	@if docker compose ps --services --status running 2>/dev/null | grep -qx web; then \
	  docker compose exec -T web python manage.py check_infra $(ARGS); \
	else $(MAKE) -s --no-print-directory $(INSTALLED) && $(BIN)/python manage.py check_infra $(ARGS); fi

constraints: ## pin anew everything that the requirements need in turn
	@rm -rf $(VENV)-constraints && $(PYTHON) -m venv $(VENV)-constraints
	@mkdir -p $(VENV)-constraints/in && for file in requirements.txt requirements-dev.txt; do \
	  grep -v '^-c ' $$file > $(VENV)-constraints/in/$$file; done
	@$(VENV)-constraints/bin/pip install -qq --disable-pip-version-check \
	  -r $(VENV)-constraints/in/requirements-dev.txt
	@{ head -n 1 constraints.txt; $(VENV)-constraints/bin/pip freeze --disable-pip-version-check; } \
	  > $(VENV)-constraints/new && mv $(VENV)-constraints/new constraints.txt
	@rm -rf $(VENV)-constraints

clean: ## remove what can be made again; data/ stays
	@rm -rf $(VENV) $(TOKENIZERS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -rf .coverage .coverage.* htmlcov staticfiles data/lint
	@find $(CODE) tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): $(REQUIREMENTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed. On Debian 12: sudo apt-get install python3 python3-venv"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. On Debian 12: sudo apt-get install python3-venv"; \
	  echo "Then run make again."; exit 1; }
	@test -x $(BIN)/pip || { rm -rf $(VENV); $(PYTHON) -m venv $(VENV); }
	@echo "Installing the requirements into $(VENV)..."
	@$(BIN)/pip install -qq --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# Without what the packages need in turn: only their vocabularies are read.
$(TOKENIZERS)/.installed: $(MEASURED)/requirements.txt $(MEASURED)/sources.txt
	@rm -rf $(TOKENIZERS) && $(PYTHON) -m venv $(TOKENIZERS)
	@echo "Installing tokenizers into $(TOKENIZERS)..."
	@$(TOKENIZERS)/bin/pip install -qq --disable-pip-version-check --no-deps -r $(MEASURED)/requirements.txt
	@$(TOKENIZERS)/bin/pip download -qq --disable-pip-version-check --no-deps --no-binary llama-cpp-python \
	  -d $(TOKENIZERS)/sources -r $(MEASURED)/sources.txt
	@touch $@
