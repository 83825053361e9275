"""`python -m kreisbund_infra.stacks COUNTIES SITES TARGET`: Terraform's JSON for every site that has a county."""

import sys
from pathlib import Path

from kreisbund_infra.stacks.databases import databases
from kreisbund_infra.stacks.policies import policies
from kreisbund_infra.stacks.sites import SiteError, counties_of, placed, sites_of
from kreisbund_infra.stacks.terraform import synthesise
from kreisbund_infra.stacks.workloads import workloads


def main(counties: Path, sites: Path, target: Path) -> int:
    """0 when done; 1 with one line where a file cannot be used."""
    try:
        known = sites_of(sites)
        here = placed(known, counties_of(counties))
    except SiteError as problem:
        print(f"kreisbund: {problem}", file=sys.stderr)
        return 1
    described = [
        (site, [*policies(site), *databases(site), *workloads(site, here[site.name])])
        for site in known
        if site.name in here
    ]
    synthesise(described, target)
    for site, bodies in described:
        print(f"{site.name}: {', '.join(here[site.name])} ({len(bodies) + 1} objects)")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:4])))
