# Needed beforehand: git, make, Python 3.11 (or 3.12, 3.13) with venv, and a package index. `make help` lists the rest.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

PYTHON ?= python3
PY := .venv/bin/python
LOCAL := $(PY) -m q2c_portal.local
STAMP := .venv/.set-up

ERP ?=
PYTEST ?=
ARGS ?=
EXAMPLES ?= 1500
CMD ?=
ONLY ?=

# What a production place would give, for checks that must see production settings; nothing connects to it.
PRODUCTION := env -u Q2C_DEMO -u Q2C_TESTING -u DEBUG \
	SECRET_KEY=checked-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-checked \
	ALLOWED_HOSTS=portal.example.com PORTAL_URL=https://portal.example.com \
	CSRF_TRUSTED_ORIGINS=https://portal.example.com \
	DATABASE_URL=postgres://nobody@127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1/0 \
	PYTHONWARNINGS=ignore::RuntimeWarning:django.core.management.commands.makemigrations

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## create .venv and install everything into it (a repeat is instant)
	@:

$(STAMP): requirements.txt requirements-dev.txt requirements.lock
	@found=""; \
	for candidate in "$(PYTHON)" python3.11 python3.12 python3.13; do \
		if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
		then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11, 3.12 or 3.13 is needed and was not found. Give it: make setup PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi; \
	if ! "$$found" -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "$$found has no venv. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	if ! $(PY) -m pip --version >/dev/null 2>&1; then "$$found" -m venv --clear .venv; fi
	@echo "Installing packages into .venv (about a minute the first time) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input -r requirements-dev.txt -c requirements.lock
	@touch $@

.PHONY: run
run: setup ## start everything in the background, load the demo, print address and logins (ERP=tryton: real ERP)
	@$(LOCAL) run $(if $(ERP),--erp $(ERP))

.PHONY: stop
stop: ## end everything; data stay
	@if [ -x $(PY) ]; then $(LOCAL) stop; else echo "Nothing is set up here."; fi

.PHONY: reset
reset: ## end everything and delete all local data
	@if [ -x $(PY) ]; then $(LOCAL) reset; else echo "Nothing is set up here."; fi

.PHONY: status
status: setup ## show what runs
	@$(LOCAL) status

.PHONY: logs
logs: ## follow the logs
	@tail -n 20 -F .dev/logs/*.log

.PHONY: restart-worker restart-web restart-broker
restart-worker restart-web restart-broker: restart-%: setup
	@$(LOCAL) kill $*

restart-worker: ## kill the worker without warning; it is started again
restart-web: ## the same with the web server
restart-broker: ## the same with the broker

.PHONY: story
story: setup ## play the people's part on the running demo and check every figure (starts the demo if needed)
	@$(LOCAL) run $(if $(ERP),--erp $(ERP))
	@$(LOCAL) manage story

.PHONY: manage
manage: setup ## a management command in the demo's environment: make manage ARGS="tie_out --json"
	@$(LOCAL) manage $(ARGS)

.PHONY: shell
shell: setup ## a shell, or CMD="...", in the demo's environment
	@$(LOCAL) shell $(CMD)

.PHONY: test
test: setup ## all tests with throw-away servers: make test PYTEST="tests/sync -x"
	@$(LOCAL) test -- $(or $(PYTEST),--numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 40)

.PHONY: e2e
e2e: setup ## all browser tests, the long ones too
	@$(LOCAL) test -- -m browser $(PYTEST)

.PHONY: seed
seed: setup ## in the running demo, let something go wrong for each of 60 reasons, from its real cause (minutes)
	@$(LOCAL) run
	@$(LOCAL) manage seed_demo

.PHONY: screens
screens: setup ## a picture of every screen of the running demo, wide and on a phone, into docs/screens (ONLY=word for some)
	@$(LOCAL) run
	@$(LOCAL) shell $(PY) -m tests.browser.screens docs/screens $(ONLY)

.PHONY: kills
kills: setup ## kill worker, broker and web in the middle of a demo of its own; its figures must not change (minutes)
	@Q2C_TESTING=1 $(PY) -m pytest -m slow tests/scenarios/test_kills.py $(PYTEST)

.PHONY: stories
stories: setup ## the tests too long for every run: scenarios, a real ERP, the checker, every bench at its smallest (tens of minutes)
	@$(LOCAL) test -- -m slow --numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore tests/scenarios/test_kills.py \
		--ignore tests/chaos/test_chaos.py $(PYTEST)

.PHONY: simulate
simulate: setup ## seeded flows with faults in a throw-away database: make simulate ARGS="--seed 7 --flows 40 --faults all"
	@Q2C_TESTING=1 $(LOCAL) with -- $(PY) -W ignore manage.py simulate $(ARGS)

.PHONY: planted
planted: setup ## plant twenty bugs, one at a time, and see each caught (an hour or so)
	@Q2C_TESTING=1 $(LOCAL) with -- $(PY) -m tests.chaos.gauntlet $(ARGS)

.PHONY: proof proof-report
proof: setup ## the release set in the simulator, resumable, results in benchmarks/results/proof/ (hours; MINUTES=30 for a part of it, ARGS="--only timeouts")
	@Q2C_TESTING=1 $(LOCAL) with -- $(PY) -m tests.chaos.proof $(MINUTES) $(ARGS)
	@$(if $(MINUTES)$(ARGS),,$(MAKE) proof-kills)

.PHONY: proof-kills
proof-kills: setup ## the release set's 300 real kills, PostgreSQL's among them; what ran on this code is not repeated
	@for seed in $$(Q2C_TESTING=1 $(PY) -m tests.chaos.proof seeds-to-kill); do \
		$(PY) -m tests.chaos.rig --seed $$seed --deals 80 --minutes 6 --kills 100 || exit 1; \
	done

proof-report: setup ## what of the release set has run on this code
	@Q2C_TESTING=1 $(PY) -m tests.chaos.proof report

.PHONY: proof-slice
proof-slice: setup ## the slice of the proof that every run of the tests has, and the seconds it takes
	@begun=$$(date +%s); $(LOCAL) test -- tests/chaos/test_simulator.py $(PYTEST); code=$$?; \
	echo "$$(( $$(date +%s) - begun )) seconds"; exit $$code

.PHONY: chaos
chaos: setup ## real kills and network faults on a demo of its own, its books checked: make chaos ARGS="--kills 30"
	@$(PY) -m tests.chaos.rig $(ARGS)

.PHONY: fuzz
fuzz: setup ## call the API with 20,000 and more cases made from its own document (EXAMPLES per address; tens of minutes)
	@Q2C_EXAMPLES=$(EXAMPLES) $(LOCAL) test -- tests/sync/api/test_schema.py -s -q $(PYTEST)

.PHONY: messages
messages: setup ## bring new texts of pages and scripts into the German catalogue, and compile it
	@$(PRODUCTION) DJANGO_SETTINGS_MODULE=q2c_portal.settings $(PY) -m tests.languages.catalogue

.PHONY: lint lint-style lint-contracts lint-migrations lint-deploy lint-types
lint: lint-style lint-contracts lint-migrations lint-deploy lint-types ## style, import contracts, migrations, types ...

lint-style: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

lint-contracts: setup
	.venv/bin/lint-imports --no-cache

lint-migrations: setup
	@echo "$(PY) manage.py makemigrations --check --dry-run"
	@$(PRODUCTION) $(PY) manage.py makemigrations --check --dry-run

lint-deploy: setup
	@echo "$(PY) manage.py check --deploy --fail-level WARNING"
	@$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

lint-types: setup
	@echo "$(PY) -m mypy connectors sync"
	@$(PRODUCTION) $(PY) -m mypy connectors sync

.PHONY: format
format: setup ## let ruff write the style it asks for
	@$(PY) -m ruff check --fix --quiet . ; $(PY) -m ruff format .

.PHONY: bench
bench: setup .venv-peers/.set-up ## measure against bare baselines, into benchmarks/results/latest.json
	@$(LOCAL) with --durable -- $(PY) -m benchmarks $(ARGS)

.venv-peers/.set-up: benchmarks/peers/requirements.txt
	@$(PY) -m venv --clear .venv-peers
	@.venv-peers/bin/python -m pip install -qq --disable-pip-version-check --no-input -r $<
	@touch $@

.PHONY: lock
lock: setup ## choose versions again, for every platform, into requirements.lock
	@$(PY) -m uv pip compile --universal --python-version 3.11 --no-header --no-annotate --quiet \
		--upgrade requirements-dev.txt -o requirements.lock
