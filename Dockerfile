# Snakemake and everything that the rules import, at the versions of requirements.lock; docs/conda.md explains its use.
# PyPI's torch for Linux brings its own CUDA, and runs on the CPU if there is no GPU.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*

COPY requirements.lock /opt/weakseg3d/requirements.lock
RUN pip install --no-cache-dir --requirement /opt/weakseg3d/requirements.lock

WORKDIR /work
CMD ["snakemake", "--cores", "all"]
