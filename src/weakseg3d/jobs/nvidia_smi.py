"""What nvidia-smi says of the GPUs of this machine."""

import subprocess

PATIENCE = 60
"""Seconds that it has to answer."""


def nvidia_smi(query: str, *options: str) -> list[str]:
    """Return what is known of each GPU, a line for each; an empty list without any, or where the program fails.

    ``query`` names the properties, ``name,memory.total``; values stand with their units unless ``options``, which are
    nvidia-smi's own, say otherwise.
    """
    command = ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader", *options]
    try:
        ran = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return ran.stdout.strip().splitlines()
