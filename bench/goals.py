"""What was promised: the figures of the bench that have a goal, and whether one is reached."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """At least, or at most, so much; in the figure's own unit."""

    limit: float
    at_least: bool

    def reached(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


def _at_least(**limits: float) -> dict[str, Goal]:
    return {name: Goal(limit, at_least=True) for name, limit in limits.items()}


def _at_most(**limits: float) -> dict[str, Goal]:
    return {name: Goal(limit, at_least=False) for name, limit in limits.items()}


GOALS: Mapping[str, Goal] = {
    **_at_least(list_vs_floor=0.70, list_vs_postgraphile=4.5, list_vs_plain=30),
    **_at_least(by_id_vs_floor=0.45, by_id_vs_postgraphile=7),
    **_at_least(mutation_vs_floor=0.55),
    **_at_least(step_vs_floor=0.80),
    **_at_most(step_statements=3, step_database_cpu_vs_floor=2.0),
    **_at_least(step_per_cpu_vs_java=5, step_per_cpu_vs_java_without_history=4),
    **_at_least(step_per_cpu_vs_spiff=10),
    **_at_most(step_cpu_old_vs_young=1.10),
    **_at_least(upgrade_cases_per_s_vs_spiff=100),
    **_at_most(dashboard_ms_400=1, dashboard_write_cost=0.20),
    **_at_most(tenant_create_ms_database=200, migration_ms_per_tenant=3),
    **_at_most(p99_400_vs_4=1.5, memory_400_vs_4=1.5, p99_noisy_vs_alone=1.5),
    **_at_most(page_fallbacks=0, replans=0),
}
