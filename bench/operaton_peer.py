"""A peer of the durable step: Operaton, embedded, on the same PostgreSQL with the same process, eight steps at once.

Built by Maven into `KREISBUND_HOME/bench/operaton` at the first time. Its tables lie in schemas of their own; no
authorization, no forms, no chain of events and nothing that runs timers, all of which favours it.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from bench.contenders import family_cpu
from bench.crowd import Crowd
from bench.office import TEMPLATE, Office
from bench.served import UnavailableError
from bench.site import cpu_of
from bench.step import TICKS, Cost, Measure
from kreisbund_infra.local import home, keycloak
from kreisbund_infra.local.problem import Problem

SOURCE = Path(__file__).with_name("operaton")
OPEN_CASES = 2_000
SECONDS, WARM_SLICE, MOST_WARM_SLICES = 10.0, 5.0, 36
RESTING = 0.03  # of the process's CPU: its compilers have little left to do
HISTORIES = {"": "default", "_without_history": "none"}
JAVA = ("-Xmx1g", "-XX:-UseDynamicNumberOfCompilerThreads")  # a compiler's thread that ends takes its CPU time along
LISTENER = (
    '<bpmn:extensionElements><operaton:taskListener event="create" delegateExpression="${capture}"/>'
    "</bpmn:extensionElements>"
)


def model() -> str:
    """The product's process in Operaton's dialect: same tasks, due dates, timers and conditions."""
    text = (TEMPLATE / "process.bpmn").read_text()
    text = re.sub(r'= outcome = "(\w+)"', r"${outcome == '\1'}", text)
    text = re.sub(
        r'<bpmn:userTask (id="\w+" name="[^"]+")[^>]* kb:due="(\w+)"[^>]*/>',
        rf'<bpmn:userTask \1 operaton:candidateGroups="caseworker" operaton:dueDate="\2">{LISTENER}</bpmn:userTask>',
        text,
    )
    return text.replace(
        'xmlns:kb="urn:kreisbund:bpmn:1"', 'xmlns:operaton="http://operaton.org/schema/1.0/bpmn"'
    ).replace('isExecutable="true"', 'isExecutable="true" operaton:historyTimeToLive="P180D"')


class StepAndOperaton(Measure):
    """CPU of client and PostgreSQL for a step, ours against Operaton's with its default history and without one."""

    def __init__(self, here: Office) -> None:
        self.missing = []
        self._engines: dict[str, Engine] = {}
        try:
            classes = built()
            for suffix, history in HISTORIES.items():
                self._engines[suffix] = Engine(here, classes, history)
        except UnavailableError as reason:
            self.missing.append(f"operaton: {reason}")
            self.close()
        else:
            self._crowd = Crowd(here, OPEN_CASES)

    def close(self) -> None:
        for engine in self._engines.values():
            engine.close()
        self._engines = {}

    def round(self) -> dict[str, float]:
        figures = {}
        for suffix, engine in self._engines.items():
            ours, theirs = self._crowd.cost(), engine.cost(self._crowd.postmaster)
            figures |= {
                f"step_per_cpu_vs_java{suffix}": theirs.cpu / ours.cpu,
                f"step_8_client_cpu_us{suffix}": ours.client,
                f"step_8_database_cpu_us{suffix}": ours.database,
                f"java_client_cpu_us{suffix}": theirs.client,
                f"java_database_cpu_us{suffix}": theirs.database,
                f"java_compilers_part_of_cpu{suffix}": engine.compilers,
            }
        return {**figures, "java_open_cases": float(OPEN_CASES)} if figures else {}


class Engine:
    """One JVM, warm, with its cases open."""

    def __init__(self, here: Office, classes: str, history: str) -> None:
        self.compilers = 1.0
        schema = f"operaton_{history}"
        with here.database.owner() as owner:
            owner.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        folder = home.from_environment().root / "bench" / "operaton"
        (folder / "bench.bpmn").write_text(model())
        words = [java(), *JAVA, "-cp", classes, "Peer", "bench.bpmn", schema, history, str(OPEN_CASES)]
        with (folder / f"{history}.log").open("w") as log:
            self._process = subprocess.Popen(
                words, cwd=folder, env=_login(here.settings.database_url), text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        if self._said() != "ready":
            self.close()
            raise UnavailableError(f"it did not start: see {folder / f'{history}.log'}")
        with here.database.owner() as owner:
            owner.execute("VACUUM ANALYZE")
        self._warm()

    def _warm(self) -> None:
        """Until its compilers rest; how much they still did is a figure."""
        for _ in range(MOST_WARM_SLICES):
            self._steps(WARM_SLICE)
            if self.compilers < RESTING:
                return

    def cost(self, postmaster: int) -> Cost:
        client, database = cpu_of(self._process.pid), family_cpu(postmaster)
        steps = self._steps(SECONDS)
        spent = (SECONDS, cpu_of(self._process.pid) - client, family_cpu(postmaster) - database)
        return Cost(*(seconds / steps * 1e6 for seconds in spent))

    def _steps(self, seconds: float) -> int:
        pid = self._process.pid
        all_, compiling = cpu_of(pid), compilers_cpu(pid)
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        done = int(self._said())
        self.compilers = (compilers_cpu(pid) - compiling) / (cpu_of(pid) - all_)
        return done

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """It ends with its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def compilers_cpu(pid: int) -> float:
    """Seconds of CPU of a JVM's compiler threads."""
    ticks = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            name, _end, rest = (thread / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:  # ended meanwhile
            continue
        if name.startswith(("C1 Comp", "C2 Comp")):
            ticks += sum(int(each) for each in rest.split()[11:13])
    return ticks / TICKS


def java() -> str:
    try:
        return keycloak.java_of(home.from_environment())
    except Problem as problem:
        raise UnavailableError(str(problem)) from problem


def built() -> str:
    """The class path, fetched and compiled anew where the sources changed."""
    folder = home.from_environment().root / "bench" / "operaton"
    maven = shutil.which("mvn")
    if maven is None:
        raise UnavailableError("no Maven (mvn) on this machine")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
    command = [maven, "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=target/class-path"]
    with (folder / "build.log").open("w") as log:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise UnavailableError(f"Maven could not build it: see {folder / 'build.log'}")
    return f"target/classes:{(folder / 'target' / 'class-path').read_text().strip()}"


def _login(url: str) -> Mapping[str, str]:
    """As the owner, who may make tables; nothing of this process's environment but the path."""
    parts = conninfo_to_dict(url)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
    return {name: str(parts[part]) for name, part in names.items()}
