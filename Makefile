# `make run` and `make test` need nothing but Python 3.11+, pip and make: the rest is set up when missing.
PYTHON ?= python3
export PORT ?= 8000
PY := .venv/bin/python

.PHONY: help setup run test check format

help:
	@echo "make run     run the product on http://127.0.0.1:$(PORT)/ (PORT=8001 make run for another port)"
	@echo "make test    run the tests; ARGS='-k login' for some of them"
	@echo "make check   lint, types, missing migrations, API schema"
	@echo "make format  format the code"
	@echo "make setup   install into .venv (the others do it when needed)"

setup: .venv/installed

run: .venv/installed
	@$(PY) manage.py up $(ARGS)

test: .venv/installed-dev
	@$(PY) tests/run.py $(ARGS)

check: export DATABASE_URL = sqlite://:memory:
check: export SECRET_KEY = check
check: .venv/installed-dev
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy leads kpis leadtracker
	$(PY) manage.py check
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py spectacular --validate --fail-on-warn --file .venv/schema.yaml

format: .venv/installed-dev
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

.venv/installed: requirements.txt | .venv/made
	@$(call install,requirements.txt)

.venv/installed-dev: requirements-dev.txt .venv/installed
	@$(call install,requirements-dev.txt)

# uv is many times faster; where it cannot be had, pip does the same.
define install
	echo "Installing $(1) …"; \
	$(PY) -m uv pip install --quiet --python $(PY) -r $(1) 2>/dev/null || $(PY) -m pip install --quiet -r $(1)
	@touch $@
endef

# Debian's python3 comes without ensurepip: there the system's pip fills the environment.
.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make setup PYTHON=python3.12"; exit 1; }
	@echo "Making .venv …"
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 || { \
		$(PYTHON) -m venv --clear --without-pip .venv && \
		$(PYTHON) -m pip --python $(PY) install --quiet pip; } || \
		{ rm -rf .venv; echo "Cannot make .venv: install python3-venv or python3-pip."; exit 1; }
	@$(PY) -m pip install --quiet uv || echo "No uv; pip will do."
	@touch $@
