# Snakemake and everything that the rules import, at the versions of requirements.lock; docs/conda.md explains its use.
# PyPI's torch for Linux brings its own CUDA, and runs on the CPU if there is no GPU.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*

COPY requirements.lock requirements-cpu.lock requirements-cuda.lock /opt/weakseg3d/
COPY envs/install.sh envs/needs_cuda.py /opt/weakseg3d/envs/
RUN PIP_NO_CACHE_DIR=1 /opt/weakseg3d/envs/install.sh python

WORKDIR /work
CMD ["snakemake", "--cores", "all"]
