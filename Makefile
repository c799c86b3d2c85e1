# Everything a user or a contributor does begins here; `make` alone prints the list.

.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
# Most tests wait for something, so more run at a time than there are cores, in the order of their files: the longest come
# first, so that nobody waits for them at the end. PARALLEL= runs them one by one, as --pdb needs.
PARALLEL ?= --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
WORKERS = 3
PIP_INSTALL = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo unit test check format docs bench alerts dashboards screenshots pictures image real-parts constraints clean

help:  ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.installed $(if $(STACK),stack-parts)  ## Watch it work on simulated clients; STACK=1 adds Prometheus and Alertmanager.
	@exec $(VENV)/bin/waexporter demo $(if $(STACK),--stack) $(ARGS)

unit: $(VENV)/.installed-test  ## Run the tests that need no network and no other program; two minutes on two cores.
	@$(VENV)/bin/python -m pytest -m 'not real' --ignore tests/e2e $(PARALLEL) $(ARGS)

# One more, since the whole loop takes a worker for minutes and hardly a processor. Whoever leaves out the tests that need
# real parts does not wait for them to be got.
test: WORKERS = 4
test: $(VENV)/.installed-test $(if $(findstring not real,$(ARGS)),,real-parts)  ## Run every test; ARGS="-k name" narrows it down.
	@$(VENV)/bin/python -m pytest $(PARALLEL) $(ARGS)

check: $(VENV)/.installed-test  ## Check format, lint, types, the direction of imports, the Dockerfile and the workflows.
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/hadolint Dockerfile
	$(VENV)/bin/actionlint -shellcheck= -pyflakes= .github/workflows/*.yml

format: $(VENV)/.installed-test  ## Format the code and mend what the linter can mend by itself.
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

docs: $(VENV)/.installed-test  ## Write anew what the documentation lists from the code.
	@$(VENV)/bin/python -m docs.source.reference

bench: $(VENV)/.installed-test  ## Measure speed and memory.
	@$(VENV)/bin/python -m docs.source.bench $(ARGS)

alerts: $(VENV)/.installed-test real-parts  ## Write docs/alerts.md afresh, with the score of the rules' tests.
	@$(VENV)/bin/python -m alerts.source.document

dashboards: $(VENV)/.installed-test  ## Write grafana/dashboards afresh from grafana/source.
	@$(VENV)/bin/python -m grafana.source

screenshots: $(VENV)/.installed-test real-parts  ## Record what can happen, draw every dashboard of it, check what is seen; takes a quarter of an hour.
	@$(VENV)/bin/python -m grafana.pictures $(ARGS)

pictures: $(VENV)/.installed-test real-parts  ## Photograph the pages of a daemon in trouble for the documents; takes four minutes.
	@$(VENV)/bin/python -m docs.source.page_pictures

image: $(VENV)/.installed-test  ## Build the container image, then run it read-only and ask whether it is well.
	tests/image/build
	$(VENV)/bin/python -m pytest tests/image/smoke.py $(ARGS)

real-parts: $(VENV)/bin/python  ## Get what the tests run against: Prometheus, Alertmanager and their tools, a browser, what draws dashboards and checks pages.
	@$(VENV)/bin/python -m tests.real.fetch

# One Prometheus and one Alertmanager are enough to look at, and none is got where both are installed.
stack-parts: $(VENV)/bin/python
	@command -v prometheus >/dev/null && { command -v prometheus-alertmanager || command -v alertmanager; } >/dev/null \
	  || $(VENV)/bin/python -m tests.real.fetch trixie

constraints:  ## Write constraints.txt afresh: the newest versions that pyproject.toml allows.
	rm -rf .venv-constraints
	$(PYTHON) -m venv .venv-constraints
	.venv-constraints/bin/python -m pip install --quiet --only-binary :all: '.[test]'
	sed -i.old -n '/^#/p' constraints.txt
	.venv-constraints/bin/python -m pip freeze --exclude waexporter >>constraints.txt
	rm -rf .venv-constraints constraints.txt.old

clean:  ## Remove everything that make, the tests and the tools have left here.
	rm -rf $(VENV) .venv-* .cache dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .bench-* .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; choose one with: make PYTHON=python3.12")'
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "$(PYTHON) can't make a virtual environment (on Debian: apt-get install python3-venv)." >&2; exit 1; }

# A stamp is newer than what it was made from, so nothing is installed twice and later runs need no network.
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing waexporter into $(VENV) (about 20 seconds) ..."
	@$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing waexporter and its test tools into $(VENV) (about 40 seconds) ..."
	@$(PIP_INSTALL) --editable '.[test]'
	@touch $(VENV)/.installed $@
