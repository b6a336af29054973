"""A Slurm of one host: munged, slurmctld and slurmd as this user, in a folder of their own, without accounting."""

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel", "sinfo")

CONFIGURATION = """\
ClusterName=tiny
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={daemon_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=bf_interval=2,sched_min_interval=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=20
MinJobAge=600
ReturnToService=2
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=128000 Gres=gpu:1
PartitionName=cpu Nodes={host} Default=YES PriorityTier=1 MaxTime=INFINITE
PartitionName=gpu Nodes={host} PriorityTier=1 MaxTime=INFINITE
PartitionName=urgent Nodes={host} PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE
"""


def missing_programs():
    """Return the programs of Slurm and munge that this machine lacks."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextmanager
def local_slurm(folder):
    """Start a Slurm in ``folder`` and yield the environment variables that its commands need; stop it in the end.

    It pretends to have 8 cores, 128 GB and one GPU. A job in the partition ``urgent`` preempts others. Raises
    RuntimeError, with what the daemons logged, when the node is not idle within a minute.
    """
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    (folder / "gres.conf").write_text("Name=gpu File=/dev/null\n", encoding="utf-8")
    (folder / "cgroup.conf").touch()
    ports = dict(zip(("controller_port", "daemon_port"), free_ports(2), strict=True))
    host = socket.gethostname().partition(".")[0]
    configuration = folder / "slurm.conf"
    configuration.write_text(
        CONFIGURATION.format(host=host, user=getpass.getuser(), folder=folder, **ports), encoding="utf-8"
    )
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    (folder).chmod(0o755)
    environment = {"SLURM_CONF": str(configuration), "PATH": f"{own_srun(folder)}:{os.environ['PATH']}"}
    daemons = [
        ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket",
         f"--pid-file={folder}/munged.pid", f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed"],
        ["slurmctld", "-D", "-f", str(configuration)],
        ["slurmd", "-D", "-f", str(configuration), "-N", host],
    ]  # fmt: skip
    started = []
    try:
        for command in daemons:
            with (folder / f"{command[0]}.out").open("w") as out:
                started.append(
                    subprocess.Popen(command, env=os.environ | environment, stdout=out, stderr=subprocess.STDOUT)
                )
            wait_until((folder / "munge.socket").exists, 20)
        wait_until(lambda: "idle" in slurm(environment, "sinfo", "-h", "-o", "%T"), 60)
        yield environment
    except TimeoutError:
        logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(folder.glob("*.out")))
        raise RuntimeError(f"Slurm did not start:\n{logs}") from None
    finally:
        slurm(environment, "scancel", "--full", "--user", getpass.getuser())
        with suppress(TimeoutError):
            wait_until(lambda: not slurm(environment, "squeue", "-h"), 60)
        for process in reversed(started):
            process.terminate()
        for process in [*started, *left_steps(folder)]:
            try:
                process.wait(20)
            except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
                process.kill()
                process.wait()


def left_steps(folder):
    """Return the processes of job steps that log into ``folder``."""
    steps = [process for process in psutil.process_iter(["name"]) if process.info["name"] == "slurmstepd"]
    return [step for step in steps if any(file.path.startswith(f"{folder}/") for file in step.open_files())]


def own_srun(folder):
    """Write an srun that reads this Slurm's configuration and return its folder.

    Snakemake's job steps drop SLURM_CONF from the environment; on a cluster the file lies where srun looks for it.
    """
    (folder / "bin").mkdir()
    script = folder / "bin" / "srun"
    script.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script.parent


def free_ports(number):
    """Return ``number`` ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def slurm(environment, *command):
    """Run a command of Slurm and return what it printed."""
    ran = subprocess.run(command, env=os.environ | environment, capture_output=True, encoding="utf-8")
    return ran.stdout.strip()


def wait_until(happened, seconds):
    """Wait until ``happened()`` is true and return its value; raise TimeoutError after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := happened():
            return value
        time.sleep(0.1)
    raise TimeoutError(f"waited {seconds} s")
