# Two commands: `make demo` and `make test`. Both build .venv from requirements.lock, once.

PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed

.PHONY: demo test test-slow benchmarks lint lock clean

demo: $(INSTALLED)
	. $(VENV)/bin/activate && snakemake --cores all

test: $(INSTALLED)
	. $(VENV)/bin/activate && pytest -n 2 --dist loadfile

test-slow: $(INSTALLED)
	. $(VENV)/bin/activate && pytest -m slow

benchmarks: $(INSTALLED)
	. $(VENV)/bin/activate && for script in gaussian_label farthest_points pmsa gated_crf metrics stochastic_passes data_loading training_step; do \
		python benchmarks/$$script.py || exit 1; done

lint: $(INSTALLED)
	. $(VENV)/bin/activate && ruff check . && ruff format --check . && snakefmt --check workflow

$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "weakseg3d needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement requirements.lock
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Resolve pyproject.toml anew and pin the result.
lock:
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet '.[dev]'
	{ sed -n '/^#/p' requirements.lock; \
	  $(VENV)-lock/bin/pip list --format freeze | sed -e 's/+cpu$$//' -e '/^pip=/d' -e '/^weakseg3d=/d' | sort -f; } > requirements.new
	mv requirements.new requirements.lock
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) results/*/ .snakemake
