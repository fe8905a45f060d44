# Each target makes the virtual environment it needs in .venv, reuses it, and renews it when pyproject.toml changes.
# Without make: python -m venv .venv, then pip install -e . (to use histo) or pip install -e ".[dev]" (to work on it).

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell .ci/find-python)
DISPLAYED := $(shell command -v xvfb-run >/dev/null 2>&1 && echo 'xvfb-run -a -s "-screen 0 1600x1200x24"')

.PHONY: demo test check docs bench choices annotated clean

demo: $(VENV)/.installed
	$(BIN)/histo demo --out demo-results

test: check
	$(DISPLAYED) $(BIN)/pytest $$($(BIN)/python .ci/qt_option.py)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "site/index.html"

TRAININGS := benchmarks/training_choices.py benchmarks/annotated_fields.py

bench: $(VENV)/.installed-dev
	@for script in $(filter-out $(TRAININGS),$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

$(BIN)/python:
	$(if $(PYTHON),,$(error histo needs Python 3.11 or newer with its venv module; say which with make PYTHON=/path/to/python3))
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@ $(VENV)/.installed

# An hour or two each on two cores: a dozen trainings, each kept and never done twice.
choices: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/training_choices.py

# make annotated MODEL=runs/<name>-without-abdo/model begins with a network that has never seen the fields' source.
annotated: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/annotated_fields.py $(MODEL)

clean:
	rm -rf site build dist demo-results .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
