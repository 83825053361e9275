"""Running cases moved to a new version of their template: the product's case upgrade beside SpiffWorkflow's migration.

The process gets one more task behind the decision; cases stand at every marking before it, with none to some ninety
tasks behind them, as in the measure of single steps; young ones are a figure of their own. Ours is all from the order
to the last case: the preview with its proofs, the start, the worker's rounds with locks, undo records, chained events,
messages to the applicants, checkpoints. Both sides walk a case of each life to its end afterwards, and must wait for
the same tasks at each step.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from bench import spiff
from bench.contenders import family_cpu
from bench.office import TEMPLATE, Office
from bench.spiff_upgrade import Life, Workflows
from bench.step import Cost, Measure, parent_of
from kreisbund_api.worker import Worker
from kreisbund_platform.cases import intake, queries, tasks
from kreisbund_platform.cases.upgrading import moving, previewing, service
from kreisbund_platform.cases.upgrading.orders import UpgradeOrder
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database.prepared import transaction
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates import adoptions, publishing
from kreisbund_platform.templates.source import TemplateSource, load_folder
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants.demo import copies

CASES, SOME = 3_000, 160  # ours, and the peer's: it takes as long for each, however many there are
AGED, YOUNG = range(0, 48, 6), range(4)  # times round, two tasks each
PAUSE_SECONDS = 0.01  # between two rounds of a busy worker
SLUG = "bench-upgrade"
BASIS = "§ 9 ThürVwVfG"
FLOW = '<bpmn:sequenceFlow id="decide_granted" sourceRef="decide" targetRef="granted"/>'
MORE = """<bpmn:userTask id="countersign" name="Mitzeichnen" kb:role="caseworker" kb:form="task" kb:due="P7D"
      kb:nextStep="Das Amt prüft Ihren Antrag." kb:nextStepBy="P4W"/>
    <bpmn:sequenceFlow id="decide_countersign" sourceRef="decide" targetRef="countersign"/>
    <bpmn:sequenceFlow id="decide_granted" sourceRef="countersign" targetRef="granted"/>"""
TURN: Life = (("check", "again"), ("assess", "again"))
Walk = list[tuple[str, ...]]


def lives(turns: Iterable[int]) -> list[Life]:
    """What has been completed in a case: so many times round, then as far as up to the last branch."""
    ends: tuple[Life, ...] = (
        (),
        (("check", "done"),),
        (("check", "done"), ("assess", "done")),
        (("check", "done"), ("assess", "done"), ("police", "done")),
    )
    return [(*TURN * number, *end) for number in turns for end in ends]


def versions() -> tuple[TemplateSource, TemplateSource]:
    """The measuring template under a name of its own, and the same with one more task."""
    folder = load_folder(TEMPLATE)
    old = replace(folder, manifest={**folder.manifest, "slug": SLUG})
    before, flow, after = old.bpmn_xml.decode().partition(FLOW)
    assert flow, "the template has changed"
    played = [{**case, "steps": [*case["steps"], _completed("countersign")]} for case in old.cases]
    return old, replace(old, bpmn_xml=(before + MORE + after).encode(), cases=played)


def _completed(task: str) -> dict[str, Any]:
    return {"complete": task, "data": {"outcome": "done", "remark": "x"}}


class Upgrades(Measure):
    """All cases there and back; the first round is thrown away."""

    def __init__(self, here: Office, cases: int = CASES, some: int = SOME, aged: Iterable[int] = AGED) -> None:
        self.missing = [] if spiff.AVAILABLE else ["SpiffWorkflow"]
        self._here, self._cases, self._some, self._rounds = here, cases, some, 0
        self._lives = lives(aged)
        self._postmaster = parent_of(here.connection.info.backend_pid)
        self._worker = Worker(here.settings, here.connections, Registry(here.connections), SystemClock())
        old, new = versions()
        self._data = dict(old.forms["application"]["example"])
        self._offer(old)
        self._seeds = [self._lived(life) for life in self._lives]
        with here.connection.transaction():
            more = cases - len(self._seeds)
            copies.multiply(here.connection, self._seeds, more, SystemClock().now())
        self._target = self._offer(new)
        self._peer: Workflows | None = None
        if spiff.AVAILABLE:
            processes = old.bpmn_xml.decode(), new.bpmn_xml.decode()
            self._peer = Workflows(here, *processes, self._data)
        self._rest()
        self.round()

    def round(self) -> dict[str, float]:
        """Product and peer take turns at going first; what they have come to is compared."""
        if self._peer is None:
            return {}
        sides: list[Callable[[], Mapping[str, float]]] = [self._ours, self._theirs]
        self._rounds += 1
        found: dict[str, float] = {}
        for side in sides if self._rounds % 2 else reversed(sides):
            found |= side()
        assert self._walks() == self.their_walks, "the two sides wait for different tasks"
        self._take_back()
        young = self._moved(self._peer.upgrade, lives(YOUNG))
        helped = self._moved(self._peer.upgrade_by_the_helper, self._lives)
        return figures(found, young, helped)

    def _ours(self) -> dict[str, float]:
        cost = self._spent(self._upgrade, self._cases)
        assert self._counted() == {"UPGRADED": self._cases}
        assert self._on_the_new_version() == self._cases
        return _named("upgrade", cost)

    def _theirs(self) -> dict[str, float]:
        assert self._peer is not None
        cost = self._moved(self._peer.upgrade, self._lives)
        self.their_walks = self._peer.walks(len(self._lives))
        return _named("upgrade_spiff", cost)

    def _moved(self, work: Callable[[], None], lived: list[Life]) -> Cost:
        """What it takes the peer to move some of these lives."""
        assert self._peer is not None
        self._peer.fill(lived, self._some)
        cost = self._spent(work, self._some)
        assert self._peer.on_the_new_version() == self._some
        return cost

    def _spent(self, work: Callable[[], None], cases: int) -> Cost:
        """Microseconds a case: wall, this process, all of PostgreSQL."""
        database, client, wall = family_cpu(self._postmaster), time.process_time(), time.perf_counter()
        work()
        after = time.perf_counter() - wall, time.process_time() - client, family_cpu(self._postmaster) - database
        return Cost(*(seconds / cases * 1e6 for seconds in after))

    # --- the county

    def _offer(self, source: TemplateSource) -> UUID:
        """Published and adopted; answers the version."""
        here = self._here
        with here.connections.for_workspace("catalogue") as shared, shared.transaction():
            made = publishing.publish(shared, source, clock=SystemClock())
        assert hasattr(made, "content_hash"), made
        with here.connection.transaction():
            adopted = adoptions.adopt(here.work(Role.COUNTY_ADMIN), SLUG)
        assert isinstance(adopted, UUID), adopted
        return made.id

    def _lived(self, life: Life) -> UUID:
        """A case that the services made and worked."""
        here = self._here
        with transaction(here.connection):
            done = intake.submit(here.work(Role.CITIZEN), intake.SubmitApplication(SLUG, self._data))
        assert isinstance(done, intake.Submitted), done
        for element, outcome in life:
            with transaction(here.connection):
                self._complete(done.case_id, element, outcome)
        return done.case_id

    def _complete(self, case_id: UUID, element: str, outcome: str) -> None:
        found = queries.open_tasks(self._here.connection, case_id)
        task = next(each for each in found if each.element_id == element)
        data = {"outcome": outcome, "remark": "geprüft"}
        done = tasks.complete(self._here.work(Role.CASEWORKER), str(task.id), data, task.version)
        assert done == case_id, done

    def _walks(self) -> list[Walk]:
        """What each seed waits for, step by step to its end; nothing of it stays."""
        return [self._walk(case_id) for case_id in self._seeds]

    def _walk(self, case_id: UUID) -> Walk:
        connection, found = self._here.connection, []
        with connection.transaction(force_rollback=True):
            while waiting := sorted(task.element_id for task in queries.open_tasks(connection, case_id)):
                found.append(tuple(waiting))
                self._complete(case_id, waiting[0], "done")
        return found

    # --- the upgrade

    def _upgrade(self) -> None:
        """Ordered and started by the county, worked off by its worker."""
        work = self._here.work(Role.COUNTY_ADMIN)
        with self._here.connection.transaction():
            made = previewing.preview(work, UpgradeOrder(SLUG, moving.today(work), BASIS))
        assert isinstance(made, UUID), made
        self._upgrade_id = made
        self._turn(service.start)

    def _take_back(self) -> None:
        self._turn(service.undo)
        assert self._counted() == {"UNDONE": self._cases}

    def _turn(self, act: Callable[..., object]) -> None:
        with self._here.connection.transaction():
            turned = act(self._here.work(Role.COUNTY_ADMIN), str(self._upgrade_id), self._standing()[1])
        assert turned == self._upgrade_id, turned
        while self._standing()[0] not in ("DONE", "UNDONE"):
            assert self._worker.serve(self._here.tenant), self._standing()
            time.sleep(PAUSE_SECONDS)

    def _standing(self) -> tuple[str, int]:
        found = "SELECT status, version FROM case_upgrade WHERE id = %s"
        return self._here.connection.execute(found, (self._upgrade_id,)).fetchone()

    def _counted(self) -> dict[str, int]:
        counted = "SELECT status, count(*) FROM case_upgrade_case WHERE upgrade_id = %s GROUP BY 1"
        return dict(self._here.connection.execute(counted, (self._upgrade_id,)).fetchall())

    def _on_the_new_version(self) -> int:
        counted = "SELECT count(*) FROM case_record WHERE template_version_id = %s"
        return int(self._here.connection.execute(counted, (self._target,)).fetchone()[0])

    def _rest(self) -> None:
        """What lies there from before is worked off, and statistics are those of a county that has been running."""
        while self._worker.serve(self._here.tenant):
            pass
        with self._here.database.owner() as owner:
            for table in ("case_record", "task", "timer", "application", "event"):
                owner.execute(f"VACUUM ANALYZE {self._here.tenant.schema_name}.{table}")


def _named(name: str, cost: Cost) -> dict[str, float]:
    return {
        f"{name}_cases_per_s": 1e6 / cost.wall,
        f"{name}_client_cpu_us": cost.client,
        f"{name}_database_cpu_us": cost.database,
    }


def figures(found: Mapping[str, float], young: Cost, helped: Cost) -> dict[str, float]:
    """Both sides and how many times one is the other, in cases a second and by CPU."""
    ours, theirs = found["upgrade_cases_per_s"], found["upgrade_spiff_cases_per_s"]
    cpu, their_cpu = (
        found[f"{name}_client_cpu_us"] + found[f"{name}_database_cpu_us"] for name in ("upgrade", "upgrade_spiff")
    )
    return {
        **found,
        "upgrade_cases_per_s_vs_spiff": ours / theirs,
        "upgrade_cases_per_s_vs_spiff_young": ours / (1e6 / young.wall),
        "upgrade_per_cpu_vs_spiff": their_cpu / cpu,
        "upgrade_cases_per_s_vs_spiff_helper": ours / (1e6 / helped.wall),
    }
