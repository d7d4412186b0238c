# make demo   evaluate the shipped student and print the leaderboard
# make test   lint, types, layers, tests
# Both set up .venv first; nothing is installed again until the project's files change.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TASK_FILES := $(filter-out %/__pycache__,$(wildcard tasks/game24/*))
PROJECT_FILES := pyproject.toml constraints.txt $(TASK_FILES)
STUDENT := students/scout-2m
DEMO := demo-results

.PHONY: demo test bench compare agreement references student study clean

demo: $(VENV)/.base
	OMP_WAIT_POLICY=PASSIVE $(BIN)/tot24 eval --model hf --model_args pretrained=$(STUDENT) \
		--tasks game24 --num_fewshot 0 --device cpu --results $(DEMO) --overwrite
	$(BIN)/tot24 leaderboard --results $(DEMO)

# Tests in the order of their files: xdist's own order leaves the longest files to the end.
test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
	$(BIN)/tot24 leaderboard verify

bench: $(VENV)/.dev
	$(BIN)/pytest tests/benchmarks --benchmark-enable --benchmark-only

# Our scorer beside math-verify, reasoning-gym and others, in an environment of their own.
PEERS := $(VENV)/peers
compare: $(PEERS)/.ready
	PYTHONPATH=. $(PEERS)/bin/python tests/benchmarks/comparison.py --write docs/comparison.md

# The same checkers beside careful readers of real responses, from ../shared/data.
agreement: $(PEERS)/.ready
	PYTHONPATH=. $(PEERS)/bin/python -m tests.agreement.report --write docs/agreement.md

# The rows that are not ours: what papers report, the solver, and public transcripts scored again.
# Their text is not stored, only its hash: whoever has it can check them with `verify --transcripts`.
LEAKED := 4 9 10 13, rank 1000, is asked and is one of the five exemplars
SHIFTED := ranks 902-1001: 99 hands of hard100 and one of hardest
RESCORE := $(BIN)/tot24 rescore --withhold --overwrite --num_fewshot 5 --ranks ../shared/data/24.csv
references: $(VENV)/.base
	$(BIN)/python -m tot24_bench.leaderboard.references --results results
	$(RESCORE) ../shared/data/transcripts/gpt-4_io_100samples_ranks901-1000.json --model GPT-4 \
		--method io --source "tree-of-thought-llm, public log" --note "$(LEAKED)"
	$(RESCORE) ../shared/data/transcripts/gpt-4o_cot_ranks902-1001.json --model GPT-4o \
		--method cot --source "slm-tot, public log" --note "$(LEAKED)" --note "$(SHIFTED)" \
		--note "sampled at temperature 0.7"
	$(RESCORE) ../shared/data/transcripts/gpt-4o_onestep_tot_ranks902-1001.json --model GPT-4o \
		--method onestep_tot --source "slm-tot, public log" --note "$(LEAKED)" --note "$(SHIFTED)" \
		--note "sampled at temperature 0.7"
	$(BIN)/tot24 leaderboard

$(PEERS)/.ready: tests/benchmarks/peers.txt | $(BIN)/python
	$(BIN)/python -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet -r tests/benchmarks/peers.txt
	touch $@

# The shipped student, from nothing: about 70 minutes on two cores that do nothing else, resumable. Beside
# other work OMP_WAIT_POLICY=PASSIVE is faster.
student: $(VENV)/.dev
	$(BIN)/python -m training.sft --config training/configs/scout-2m.yaml

# The study of docs/study.md. Beside the submissions kept in training/study it only writes the report; how
# to do all of it anew stands in docs/study.md. Nothing is asked before the plan is committed and every arm is
# trained.
study: $(VENV)/.dev
	$(BIN)/python -m training.study plan
	$(BIN)/python -m training.study train
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m training.study eval
	$(BIN)/python -m training.study report

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tot24-bench needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

# Every Eval Ever wants other versions than ours: its schema is read from its wheel, not installed.
# Tests that need it skip where it cannot be had.
EEE := $(BIN)/python -m pip download --quiet every-eval-ever==0.3.0 --no-deps --only-binary=:all: \
	--python-version 3.12 -d .eee_cache

# torch first and alone: its pin decides which build every other package then accepts.
$(VENV)/.base: $(PROJECT_FILES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(PROJECT_FILES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	-$(EEE)
	touch $@ $(VENV)/.base

clean:
	rm -rf $(VENV) $(DEMO) runs
