"""What the figures were taken on: cores, versions, commit, and how busy the machine was."""

import os
import platform
import resource
import subprocess
from typing import Any

import celery
import django
from django.db import connection as database

from q2c_portal.local.state_dir import ROOT


def facts() -> dict[str, Any]:
    """Everything about this machine and this copy that figures depend on."""
    with database.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
        settings = {}
        for name in ("fsync", "synchronous_commit", "shared_buffers", "work_mem", "max_parallel_workers_per_gather"):
            cursor.execute(f"SHOW {name}")
            settings[name] = cursor.fetchone()[0]
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "django": django.get_version(),
        "celery": celery.__version__,
        "postgresql": version,
        "postgresql_settings": settings,
    }


def load() -> list[float]:
    """Load averages of the last 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def commit() -> dict[str, Any]:
    """Commit id, and whether files differ from it; empty where this is no checkout."""
    found = _git("rev-parse", "HEAD")
    return {"id": found, "changed": bool(_git("status", "--porcelain"))} if found else {"id": "", "changed": True}


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return platform.processor()


def memory() -> int:
    """Most this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
