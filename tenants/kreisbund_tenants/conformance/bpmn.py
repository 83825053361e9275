"""`conformance bpmn DIR`: every BPMN file below a folder read, judged and run; the contract has the lines' form."""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

from kreisbund_tenants.conformance.bpmn_file import SUFFIXES, Judgement, judge

MOST_PROCESSES = 4
_FEW_FILES = 8


@dataclass(frozen=True)
class _Job:
    path: Path
    name: str
    exported: Path | None


def run(folder: Path, json_file: Path | None, export: Path | None) -> int:
    """0 when none failed, else 1."""
    found = []
    for judgement in judge_folder(folder, export):
        found.append(judgement)
        print(judgement.line())  # noqa: T201  the command's answer
    failed = sum(judgement.failed for judgement in found)
    parsed = sum(judgement.parsed and not judgement.failed for judgement in found)
    if json_file is not None:
        text = json.dumps([judgement.as_json() for judgement in found], ensure_ascii=False, indent=1)
        json_file.write_text(text + "\n", "utf-8")
    print(f"{parsed} parsed, {len(found) - parsed - failed} refused, {failed} failed")  # noqa: T201
    return 1 if failed else 0


def judge_folder(folder: Path, export: Path | None) -> list[Judgement]:
    """One judgement a file, in the order of their names; many files share the processors."""
    jobs = [_job(folder, path, export) for path in sorted(folder.rglob("*")) if path.name.endswith(SUFFIXES)]
    processes = min(cpu_count() or 1, MOST_PROCESSES)
    if len(jobs) <= _FEW_FILES or processes == 1:
        return [_judge(job) for job in jobs]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        return list(pool.map(_judge, jobs, chunksize=4))


def _job(folder: Path, path: Path, export: Path | None) -> _Job:
    name = path.relative_to(folder).as_posix()
    return _Job(path, name, None if export is None else export / name)


def _judge(job: _Job) -> Judgement:
    return judge(job.path, job.name, job.exported)
