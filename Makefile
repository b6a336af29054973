# The two main commands are `make demo` and `make test`. The first call of either builds .venv from requirements.lock.

PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed

.PHONY: demo demo-full test test-slow test-slurm test-conda test-container test-offline test-kills hostile benchmarks lint reference docs external-links lock lock-docs clean

demo: $(INSTALLED)
	. $(VENV)/bin/activate && snakemake --cores all

# Larger patches, more steps, finer voxels: about twice as long.
demo-full: $(INSTALLED)
	. $(VENV)/bin/activate && snakemake --cores all --configfile config/demo-full.yaml

test: $(INSTALLED)
	. $(VENV)/bin/activate && pytest -n 2 --dist loadfile --no-loadscope-reorder

test-slow: $(INSTALLED)
	. $(VENV)/bin/activate && pytest -m slow

# Runs Slurm on a single host. If Debian's packages for it are missing and root runs this, they are installed.
test-slurm: $(INSTALLED)
	command -v slurmctld > /dev/null || [ "$$(id -u)" != 0 ] || \
		{ apt-get update && apt-get install --yes --no-install-recommends slurm-wlm munge; }
	. $(VENV)/bin/activate && pytest -m slow -rs tests/cluster/test_slurm.py tests/cluster/test_generic.py

test-conda: $(INSTALLED)
	. $(VENV)/bin/activate && pytest -m slow tests/cluster/test_conda.py

test-container: $(INSTALLED)
	. $(VENV)/bin/activate && pytest -m slow tests/cluster/test_container.py

test-offline: $(INSTALLED)
	. $(VENV)/bin/activate && pytest -m slow -rs tests/cluster/test_offline.py

test-kills: $(INSTALLED)
	. $(VENV)/bin/activate && pytest -m slow -rs tests/cluster/test_kills.py

hostile: $(INSTALLED)
	. $(VENV)/bin/activate && python tests/hostile/campaign.py

benchmarks: $(INSTALLED)
	. $(VENV)/bin/activate && for script in gaussian_label label_memory large_scan reading farthest_points pmsa gated_crf metrics stochastic_passes data_loading training_step gpu_step gpu_training sigma certain_voxels prediction segment_memory coverage null_methods dag; do \
		python benchmarks/$$script.py || exit 1; done

lint: $(INSTALLED)
	. $(VENV)/bin/activate && ruff check . && ruff format --check . && snakefmt --check workflow && mypy

$(INSTALLED): requirements.lock requirements-cpu.lock requirements-cuda.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "weakseg3d needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	envs/install.sh $(VENV)/bin/python
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

reference: $(INSTALLED)
	. $(VENV)/bin/activate && python -c 'from weakseg3d.experiment.reference import write; write()'

# The site of docs/ in site/, from an environment of its own. Every link within it is checked.
docs: $(VENV)-docs/.installed
	NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/mkdocs build --quiet

$(VENV)-docs/.installed: requirements-docs.lock
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/pip install --quiet --no-deps --require-hashes --requirement requirements-docs.lock
	touch $@

# Asks every address on the internet that the pages name whether it answers.
external-links: $(INSTALLED)
	. $(VENV)/bin/activate && python docs/site/external_links.py --check

# Resolves pyproject.toml again for Python 3.11 and newer on every system. Pins stay where they still fit; to renew them
# as well, empty both locks below their comments first. Packages of CUDA go into a lock of their own.
lock:
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet uv
	cat requirements.lock requirements-cuda.lock > $(VENV)-lock/all.lock
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra cluster --extra dev --output-file $(VENV)-lock/all.lock pyproject.toml
	awk -v folder=$(VENV)-lock ' \
		/^[^ #]/ { lock = /^(nvidia-|cuda-|triton==)/ ? "requirements-cuda.lock" : "requirements.lock" } \
		{ print > (folder "/" lock) }' $(VENV)-lock/all.lock
	for lock in requirements.lock requirements-cuda.lock; do \
		{ grep '^#' $$lock; cat $(VENV)-lock/$$lock; } > $(VENV)-lock/new && mv $(VENV)-lock/new $$lock; done
	rm -rf $(VENV)-lock

# Resolves requirements-docs.in in the same way.
lock-docs:
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet uv
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--output-file $(VENV)-lock/docs.lock requirements-docs.in
	{ grep '^#' requirements-docs.lock; cat $(VENV)-lock/docs.lock; } > $(VENV)-lock/new && mv $(VENV)-lock/new requirements-docs.lock
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) $(VENV)-docs site results/*/ .snakemake
