"""The job that scores every lead anew once a version is published, and judges the open ones if it asks."""

from __future__ import annotations

from leads import jobs, scoring, stages
from leads.models import DefinitionSet, Job


@jobs.work("rescore")
def rescore(job: Job, tell: jobs.Tell) -> dict[str, int]:
    """Score all leads by the published version, which may be a later one than the job was started for."""
    assert job.started_at
    changed = scoring.rescore(job.started_at, tell=tell)
    judges = DefinitionSet.current().judges_open_leads
    promoted = stages.promote(None, job.started_at, tell) if judges else 0
    return {"changed": changed, "promoted": promoted}
