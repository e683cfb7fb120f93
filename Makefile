# The newcomer's commands. Each needs only Python 3.11 or newer and make.
PYTHON ?= python3
BIND ?= 127.0.0.1:8000
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
BENCH := $(VENV)/bench

.PHONY: help serve test lint check conformance durability agreement other-tools contributions fuzz bench
.PHONY: bench-validation bench-reasoning bench-federation bench-starts bench-hostile bench-soak bench-budgets format lock clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): $(BIN)/python pyproject.toml requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

serve: $(RUNTIME) ## serve the published graph on $(BIND)
	$(BIN)/coopkg serve --bind $(BIND)

# A module's tests stay together as far as the processors end at the same time: many modules start a server of their own.
test: $(DEV) ## every test that needs nothing but PyPI, each once, on all processors: ten minutes on two
	$(BIN)/python -m pytest -q -n auto --dist worksteal

lint: $(DEV) ## lint, format, types, canonical Turtle: half a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/coopkg fmt --check

check: lint ## make lint and the quick tests: a minute or two
	$(BIN)/python -m pytest -q -n auto -m "not slow"

conformance: $(DEV) ## run the W3C suites over HTTP and write docs/conformance.md and an EARL report
	@mkdir -p build
	$(BIN)/python tests/w3c/report.py docs/conformance.md build/conformance-earl.ttl

durability: $(DEV) ## kill -9 during 20,000 writes, a fault at each call, 500 rounds of two conflicting writers: half an hour
	COOPKG_ROUNDS=50 $(BIN)/python -m pytest -q tests/dataset/test_faults.py tests/dataset/test_running_journal.py
	COOPKG_ROUNDS=50 $(BIN)/python -m pytest -q tests/dataset/test_writes.py -k "kill or together or disk or file"

agreement: $(DEV) ## compare every case, generated data and 10,000 random shapes with pySHACL: twenty minutes
	COOPKG_AGREEMENT_FULL=1 $(BIN)/python -m pytest -q tests/shacl/test_agreement.py

other-tools: $(DEV) ## the published shapes in Jena and RDF4J, fetched by Maven: five minutes
	mvn -q -B -f tests/tools/pom.xml dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/build/java-tools
	COOPKG_JAVA_TOOLS=$(CURDIR)/build/java-tools COOPKG_OTHER_TOOLS_CASES=1000 $(BIN)/python -m pytest -q tests/shacl/test_other_tools.py

contributions: $(DEV) ## 200 right contributions are accepted, 500 plausible wrong ones refused or warned of: two minutes
	COOPKG_CONTRIBUTIONS=200 $(BIN)/python -m pytest -q tests/dataset/test_contribution_mistakes.py tests/dataset/test_contribution_cases.py

fuzz: $(DEV) ## 20,000 queries and updates, read by us and by the engine, and 1,000 documents; COOPKG_FUZZ_SEED makes others
	COOPKG_FUZZ=20000 $(BIN)/python -m pytest -q -s tests/sparql/test_fuzz_reading.py tests/web/test_hostile_documents.py

$(BENCH)/.done: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[bench]'
	@touch $@

bench: $(BENCH)/.done ## lookups beside other servers, on a million triples: six minutes, needs wrk
	@mkdir -p build
	$(BENCH)/bin/python -m bench.lookups --json build/benchmarks.json --page docs/benchmarks.md

bench-validation: $(DEV) ## validation beside pySHACL, up to a million triples: ten minutes
	$(BIN)/python -m bench.validation --page docs/benchmarks.md

bench-reasoning: $(BENCH)/.done ## the closure beside owlrl and reasonable, and single changes: five minutes
	$(BENCH)/bin/python -m bench.reasoning --page docs/benchmarks.md

bench-federation: $(DEV) ## a join with two endpoints beside pyoxigraph's and rdflib's own SERVICE: two minutes
	$(BIN)/python -m bench.federation --page docs/benchmarks.md

bench-starts: $(DEV) ## starts after 0, 20,000 and 50,000 commits, and the memory of each process: a minute
	$(BIN)/python -m bench.starts --page docs/benchmarks.md

bench-hostile: $(DEV) ## eight clients of lookups, alone and beside ten hostile ones: two minutes
	$(BIN)/python -m bench.hostile

bench-soak: $(DEV) ## everything at once for twenty minutes: memory, descriptors, threads
	$(BIN)/python -m bench.soak

bench-budgets: $(DEV) ## pages, searches, saved queries, a command and lookups under load within their budgets: a minute
	PYTHONPATH=tests/support $(BIN)/python -m bench.budgets

format: $(DEV) ## write Python and Turtle in their canonical form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/coopkg fmt

lock: $(BIN)/python ## pin the dependencies anew, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml --no-annotate --no-emit-index-url --no-emit-find-links -o requirements.lock --extra build
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml --no-annotate --no-emit-index-url --no-emit-find-links -o requirements-dev.lock --extra build --extra dev

clean: ## remove what make made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
