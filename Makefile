# Every command sets up what it needs from a bare checkout with Python 3.11 or newer.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: run test bench killmatrix lint format lock screenshots clean

run: $(VENV)/.runtime
	@PLAIN_HTTP=$${PLAIN_HTTP:-1} $(BIN)/python manage.py run_desk

test: $(VENV)/.tests
	@$(BIN)/python -m tests.run

bench: $(VENV)/.tests
	@$(BIN)/python -m tests.bench

killmatrix: $(VENV)/.tests
	@$(BIN)/python -m tests.killmatrix --runs $${RUNS:-2000}

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	$(BIN)/mypy
	PLAIN_HTTP=1 $(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY= ALLOWED_HOSTS=desk.example.org CLOUDFLARE_SANDBOX=1 $(BIN)/python manage.py check --deploy --fail-level WARNING

format: $(VENV)/.tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

screenshots: $(VENV)/.tests
	$(BIN)/python -m tests.browser.screenshots

lock: $(VENV)/.tests
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-emit-find-links --quiet -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --group tests -c requirements.txt --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-emit-find-links --quiet -o tests/requirements.txt

clean:
	rm -rf $(VENV) var staticfiles

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Event Desk needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.tests: tests/requirements.txt $(VENV)/.runtime
	$(BIN)/pip install --quiet --require-hashes -r tests/requirements.txt
	@touch $@
