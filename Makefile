# Every task of this repository. CI calls the same targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
unexport PYTHONDONTWRITEBYTECODE # else every service that a test starts compiles every module again: 2 s of processor time
BIN := .venv/bin
UP_OPTIONS ?=
WORKERS ?= 3
SIDE_BY_SIDE = -n $(WORKERS) --dist loadfile --no-loadscope-reorder # all tests of a file in one process share its servers
SERVER_TESTS = tests/e2e tests/integration tests/security tests/contract # the longest first, so that no process is left alone with one

.PHONY: help setup setup-run lint test test-unit test-system coverage test-servers test-browser screenshots docs dashboards site hooks bench soak ha images fuzz monitoring books goobi sbom pins up down status logs certificates demo clean tls containers update wheels systemd matrix kubernetes

help: ## this table of contents
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Debian packages, virtual environment, Python packages (quick when nothing changed)
	@sh deploy/setup.sh

setup-run: ## what the services need, without what only the tests need (Chromium, Node)
	@sh deploy/setup.sh run

lint: setup ## ruff, mypy, import contracts, hadolint, compose file, side by side
	@$(BIN)/python deploy/lint.py

test: setup ## set-up, lint and every test, the quick ones first; says at the end how long each stage took
	@$(BIN)/python deploy/stages.py lint test-unit test-system

test-unit: setup ## the tests that need no server, in parallel
	$(BIN)/pytest -n auto tests/unit

coverage: setup ## the unit tests again, and which lines of which module they never reach; fails below the floor in pyproject.toml
	$(BIN)/pytest -n auto tests/unit --cov --cov-report=term-missing:skip-covered

test-system: setup ## test-servers and test-browser in one run: what waits for a time limit leaves the processors to others
	@sh deploy/bases/setup.sh || echo "containers: the short trial of docker-compose.yml is skipped"
	$(BIN)/pytest $(SIDE_BY_SIDE) $(SERVER_TESTS) tests/browser

test-servers: setup ## contract, integration, security and end-to-end tests with real servers
	@sh deploy/bases/setup.sh || echo "containers: the short trial of docker-compose.yml is skipped"
	$(BIN)/pytest $(SIDE_BY_SIDE) $(SERVER_TESTS)

test-browser: setup ## the web pages in a real Chromium
	$(BIN)/pytest $(SIDE_BY_SIDE) tests/browser

screenshots: setup ## photographs of every page and pop-up in .screenshots (ONLY="home plugin" for some)
	@$(BIN)/python -m tests.browser.screenshots $(ONLY)

docs: setup ## write again the pages that are made from the code
	@$(BIN)/python -m deploy.reference

dashboards: setup ## write again the Grafana dashboards that are made from code
	@.venv/tools/bin/python -m deploy.grafana

site: setup ## the documentation as a site in .site, every link checked; nothing in it is loaded from elsewhere
	@NO_MKDOCS_2_WARNING=1 .venv/tools/bin/mkdocs build --strict --quiet

hooks: setup ## have git look at what is committed (.pre-commit-config.yaml): ruff, mypy, secrets, large files
	@.venv/tools/bin/pre-commit install

bench: setup ## measurements beside other systems, 40 minutes (ONLY="latency submit" for parts, ONLY=flame for graphs; BENCH_JSON=file)
	@$(BIN)/python -m tests.bench $(ONLY) $(BENCH_OPTIONS)

soak: setup ## random work, commands and kills, then every invariant is checked (JOBS=, MINUTES=, SEED=)
	@$(BIN)/python -m tests.soak $(if $(JOBS),--jobs $(JOBS)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

ha: setup ## each of three brokers and three databases fails under work (JOBS=, RELEASES="debian trixie sid", FAULTS=, SERVERS=)
	@$(BIN)/python -m tests.ha $(if $(JOBS),--jobs $(JOBS)) $(if $(RELEASES),--releases $(RELEASES)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(SERVERS),--servers $(SERVERS))

images: setup ## drawn and sample images through every template and profile, judged (ONLY="CMYK lossless" for some)
	@$(BIN)/python -m tests.images $(ONLY) $(if $(WRITE),--write)

fuzz: setup ## drawn images with a few bytes changed, through the plugins in bounded children (SECONDS=60, SEED=1)
	@$(BIN)/python -m tests.images.fuzz --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1)

monitoring: setup ## a real Prometheus watches a busy system; what every panel and rule shows of it, with charts (SECONDS=180)
	@$(BIN)/python -m tests.monitoring $(if $(SECONDS),--seconds $(SECONDS))

books: setup ## the books of the sample data through the whole house, each as one chain; a table for each (DATA=folder, ONLY=ids)
	@$(BIN)/python -m tests.books $(if $(DATA),--data $(DATA)) $(ONLY)

goobi: setup ## every report arrives once Goobi is back: jobs with a fake Goobi down half of the time (JOBS=1000)
	@TASKMANAGER_GOOBI_JOBS=$(or $(JOBS),1000) $(BIN)/pytest -q tests/e2e/test_goobi_unsteady.py

sbom: setup ## the list of all Python packages here, with versions and licences, as CycloneDX (sbom.cdx.json)
	@.venv/tools/bin/cyclonedx-py environment --output-format JSON --output-file sbom.cdx.json .venv

pins: ## the lists of packages with their hashes (pins/*.txt), from constraints.txt and what each part needs
	@[ -x .venv/tools/bin/uv ] || sh deploy/setup.sh
	@$(BIN)/python deploy/pins.py

up: setup-run ## start everything on this machine (UP_OPTIONS="--slots 4" for more)
	@$(BIN)/taskmanager-local up $(UP_OPTIONS)

down: ## stop what `make up` or `make demo` started
	@if [ -x $(BIN)/taskmanager-local ]; then $(BIN)/taskmanager-local down; else echo "Nothing was set up here."; fi

status: setup-run ## what runs, since when, restarted how often
	@$(BIN)/taskmanager-local status

logs: setup-run ## the end of every log (FOLLOW=1 to go on)
	@$(BIN)/taskmanager-local logs $(if $(FOLLOW),--follow)

certificates: setup-run ## a private authority, and a certificate for NAMES="host address" in .taskmanager/tls
	@$(BIN)/taskmanager-local certificates $(or $(NAMES),localhost)

tls: setup-run ## certificates for docker-compose.tls.yml (NAMES="host address" by which the pages are reached)
	@for name in rabbitmq mongo; do $(BIN)/taskmanager-local certificates $$name || exit 1; done
	@$(BIN)/taskmanager-local certificates gateway localhost $(NAMES)

containers: setup ## docker-compose.yml for real: build, up, jobs, attacks, kills, scaling, orchestrator, TLS (ONLY=file for a part)
	@sh deploy/bases/setup.sh
	@$(BIN)/pytest -q $(or $(ONLY),tests/containers)

update: setup ## each service of an earlier state beside that of today, under work (FROM=commit)
	@TASKMANAGER_UPDATE_FROM=$(FROM) $(BIN)/pytest -q -n 0 tests/update

wheels: setup-run ## wheels of all distributions in dist, with the web pages (ALL=1: third-party packages too, to install offline)
	@sh deploy/wheels.sh $(BIN)/python dist $(if $(ALL),all)

systemd: setup ## the units of deploy/systemd on a machine of its own: from wheels to jobs, kills, stops (needs root and dockerd)
	@sh deploy/bases/setup.sh
	@sh deploy/wheels.sh $(BIN)/python dist all
	@$(BIN)/pytest -q -s tests/systemd

matrix: ## the README's commands on bare Debian systems (RELEASES="bookworm trixie", PARTS="demo test-unit")
	@PARTS="$(or $(PARTS),demo)" sh deploy/matrix.sh $(or $(RELEASES),bookworm trixie)

kubernetes: setup .venv/checkov/.stamp ## the Helm chart, its overlay and examples: rendered, validated, checkov (CRDS=folder for those of other projects)
	@$(BIN)/python -m tests.kubernetes $(if $(CRDS),--crds "$(CRDS)")

.venv/checkov/.stamp: pins/checkov.txt # apart, as it asks for older versions of packages that we use
	@$(BIN)/python -m venv --clear .venv/checkov
	@sh deploy/pinned.sh .venv/checkov/bin/python install pins/checkov.txt
	@touch $@

demo: setup-run ## a small book through the whole system (DIR=folder for your images, GOOBI=fake to see the reports)
	@$(BIN)/taskmanager-local demo $(if $(DIR),--images "$(DIR)") $(if $(GOOBI),--goobi "$(GOOBI)")

clean: down ## stop everything and remove the virtual environment, caches and local data
	rm -rf .venv .taskmanager .bench .books .matrix dist .monitoring .screenshots .containers .site .coverage services/gateway/web-packages/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
