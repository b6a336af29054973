"""Print the jobs of a config as JSON: rule, input, output, wildcards. Run by a test in a process of its own."""

import json
import sys
from pathlib import Path

from snakemake.api import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings, SnakemakeApi
from snakemake.settings.enums import Quietness

snakefile, configfile = map(Path, sys.argv[1:])
with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
    workflow_api = api.workflow(
        ResourceSettings(cores=1), ConfigSettings(configfiles=[configfile]), snakefile=snakefile, workdir=Path.cwd()
    )
    workflow_api.dag(DAGSettings(forceall=True))
    workflow = workflow_api._workflow
    workflow._prepare_dag(forceall=True, ignore_incomplete=True, lock_warn_only=True)
    workflow._build_dag()
    jobs = [
        {
            "rule": job.rule.name,
            "input": [str(path) for path in job.input],
            "output": [str(path) for path in job.output],
            "wildcards": dict(job.wildcards.items()),
        }
        for job in workflow.dag.jobs
    ]
print(json.dumps(jobs))
