# make demo   evaluate the shipped student and print the leaderboard
# make slm    a real small model: asked as it comes, and with its adapter; on the same leaderboard
# make test   lint, types, layers, tests (make browser before it for those of the page)
# All set up .venv first; nothing is installed again until the project's files change.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TASK_FILES := $(filter-out %/__pycache__,$(wildcard tasks/game24/*))
PROJECT_FILES := pyproject.toml constraints.txt $(TASK_FILES)
STUDENT := students/scout-2m
DEMO := demo-results
SLM := models/smollm2-135m-instruct
ADAPTER := students/smollm2-135m-backward

.PHONY: demo slm test browser bench compare agreement references student study clean

demo: $(VENV)/.base
	OMP_WAIT_POLICY=PASSIVE $(BIN)/tot24 eval --model hf --model_args pretrained=$(STUDENT) \
		--tasks game24 --num_fewshot 0 --device cpu --results $(DEMO) --overwrite
	$(BIN)/tot24 leaderboard --results $(DEMO)
	@echo "Open the page: file://$(CURDIR)/$(DEMO)/index.html"

# SmolLM2-135M-Instruct as it comes, in its chat form, and with its adapter, which was taught plain prompts.
ON_SLM := OMP_WAIT_POLICY=PASSIVE $(BIN)/tot24 eval --model hf --num_fewshot 0 --device cpu --results $(DEMO) --overwrite
slm: $(VENV)/.slm
	$(BIN)/tot24 models get smollm2-135m-instruct
	$(ON_SLM) --model_args pretrained=$(SLM) --tasks game24 --apply_chat_template
	$(ON_SLM) --model_args pretrained=$(SLM),peft=$(ADAPTER) --tasks game24_onestep_tot
	$(BIN)/tot24 leaderboard --results $(DEMO)
	@echo "Open the page: file://$(CURDIR)/$(DEMO)/index.html"

# A real browser for the tests of the page: Debian's chromium, where it can be installed. Elsewhere set
# CHROMIUM to one that is there; without any these tests are skipped, and say so.
browser:
	command -v chromium || command -v chromium-browser || command -v google-chrome || test -x "$$CHROMIUM" \
		|| (apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null) \
		|| echo "no chromium here: install it (Debian: sudo apt-get install chromium), or set CHROMIUM=/path"

# Tests in the order of their files: xdist's own order leaves the longest files to the end. Three processes on
# two cores: tests of servers and of several processes wait.
test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder
	$(BIN)/tot24 leaderboard verify

bench: $(VENV)/.dev
	$(BIN)/pytest tests/benchmarks --benchmark-enable --benchmark-only

# Our scorer beside math-verify, reasoning-gym and others, in an environment of their own.
PEERS := $(VENV)/peers
compare: $(PEERS)/.ready
	PYTHONPATH=. $(PEERS)/bin/python tests/benchmarks/comparison.py --write docs/appendix/comparison.md

# The same checkers beside careful readers of real responses, from ../shared/data.
agreement: $(PEERS)/.ready
	PYTHONPATH=. $(PEERS)/bin/python -m tests.agreement.report --write docs/appendix/agreement.md

# The rows that are not ours: what papers report, the solver, and public transcripts scored again.
# Their text is not stored, only its hash: whoever has it can check them with `verify --transcripts`.
# Of a run with several responses a hand the row is their mean, and a note has the other figures; the search's
# row is its first-ranked candidate, which is what its user is given.
LOGS := ../shared/data/transcripts
LEAKED := 4 9 10 13, rank 1000, is asked and is one of the five exemplars
SHIFTED := ranks 902-1001: 99 hands of hard100 and one of hardest
RESCORE := $(BIN)/tot24 rescore --withhold --overwrite --ranks ../shared/data/24.csv
OF_TOT := $(RESCORE) --model GPT-4 --source "tree-of-thought-llm, public log" --note "$(LEAKED)"
OF_SLM_TOT := $(RESCORE) --source "slm-tot, public log" --num_fewshot 5 --note "$(LEAKED)" --note "$(SHIFTED)"
OF_META := $(RESCORE) --model GPT-4 --method other --source "meta-prompting (Suzgun and Kalai 2024), public outputs" \
	--note "its question shows one answer as an example, to 4 7 8 8"
META := $(LOGS)/gpt-4_meta-prompting
references: $(VENV)/.base
	$(BIN)/python -m tot24_bench.leaderboard.references --results results
	$(OF_TOT) $(LOGS)/gpt-4_io_100samples_ranks901-1000.json --method io --num_fewshot 5
	$(OF_TOT) $(LOGS)/gpt-4_cot_100samples_ranks901-1000.json --method cot --num_fewshot 5
	$(OF_TOT) $(LOGS)/gpt-4_tot_bfs_b5_ranks901-1000.json --first --method other \
		--label "ToT (BFS), b = 5, first-ranked" \
		--note "a search of many calls, valued by the model itself: no program checks a thought, no tool is used"
	$(OF_SLM_TOT) $(LOGS)/gpt-4_onestep_tot_ranks902-1001.json --model GPT-4 --method onestep_tot
	$(OF_SLM_TOT) $(LOGS)/gpt-4o_cot_ranks902-1001.json --model GPT-4o --method cot \
		--note "sampled at temperature 0.7"
	$(OF_SLM_TOT) $(LOGS)/gpt-4o_onestep_tot_ranks902-1001.json --model GPT-4o --method onestep_tot \
		--note "sampled at temperature 0.7"
	$(OF_META) $(META)_Standard_ranks901-1000.jsonl --label "Standard prompting" --num_fewshot 0 \
		--note "the question alone; no tool is used"
	$(OF_META) $(META)_ZeroShotCoT_ranks901-1000.jsonl --label "Zero-shot CoT" --num_fewshot 0 \
		--note "the question and \"Let's think step by step\"; no tool is used"
	$(OF_META) $(META)_ExpertStatic_ranks901-1000.jsonl --label "Expert prompting, static" --num_fewshot 0 \
		--note "the question after a general expert's role; no tool is used"
	$(OF_META) $(META)_ExpertDynamic_ranks901-1000.jsonl --label "Expert prompting, dynamic" --num_fewshot 0 \
		--note "the question after an expert's role that the model wrote itself; no tool is used"
	$(OF_META) $(META)_MultiPersona_ranks901-1000.jsonl --label "Multi-persona prompting" --num_fewshot 2 \
		--note "several roles in one response, after two worked dialogues, one of them of 1 1 6 12; no tool is used" \
		--note "its own reader missed two right answers: published as 25%"
	$(OF_META) $(META)_MetaPromptingWithoutPython_ranks901-1000.jsonl --label "Meta-prompting" --num_fewshot 0 \
		--note "many calls: the model asks experts, which are the model again; no tool is used"
	$(OF_META) $(META)_MetaPromptingWithPython_ranks901-1000.jsonl --label "Meta-prompting + Python" --num_fewshot 0 \
		--note "many calls, and a tool: Python that the model writes is run, and may search"
	$(RESCORE) $(LOGS)/gpt-4_cumulative_reasoning_b5_ranks901-1000.jsonl --model GPT-4 --method other \
		--label "Cumulative reasoning, b = 5" --source "Cumulative Reasoning (Zhang et al. 2023), public log" \
		--note "many calls with symbolic help: a program checks each proposal, and a failed one is tried again"
	$(RESCORE) $(LOGS)/deepseek-r1_zero_shot_ranks901-1000.json --model DeepSeek-R1 --method other \
		--label "Zero-shot, thinking" --num_fewshot 0 --source "CSA100 fork of tree-of-thought-llm, public log" \
		--note "a reasoning model, which thinks before it answers; one sample at temperature 0.7; no tool is used"
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
# to do all of it anew stands in docs/study-method.md. Nothing is asked before the plan is committed and every arm is
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

$(VENV)/.slm: $(VENV)/.base
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[models]"
	touch $@

$(VENV)/.dev: $(PROJECT_FILES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	-$(EEE)
	touch $@ $(VENV)/.base

clean:
	rm -rf $(VENV) $(DEMO) runs
