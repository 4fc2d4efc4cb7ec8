# `make demo` and `make test` each do all their own set-up on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check clean

$(BIN)/oncogloss: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/dev: $(BIN)/oncogloss
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --editable '.[dev,train,tables,spacy,fhir,ctml,registry,serve,compare,fetch,docs]'
	@touch $@

demo: $(BIN)/oncogloss
	$(BIN)/oncogloss extract corpus/samples/NCT99000001.json --format table

test: $(VENV)/dev check
	$(BIN)/pytest

check: $(VENV)/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV)
