//! Every job, and what may happen to it. Time is an argument.
//!
//! Must not know: MQTT, HTTP, where jobs are kept.
//! Source: AWS IoT Core developer guide, "Jobs".

use std::collections::{BTreeMap, BTreeSet};

use super::change::{CancelExecution, JobError, StatusUpdate};
use super::record::{Execution, Job, JobStatus, Status};

const MINUTE_MS: u64 = 60_000;

/// All jobs.
#[derive(Debug, Clone)]
pub struct Book {
    jobs: BTreeMap<String, Job>,
    /// Orders the executions.
    latest: u64,
    /// Length of a minute: scaled, as the cloud's other waits.
    minute_ms: u64,
}

/// One execution with its job and thing.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub thing: &'a str,
    pub job: &'a Job,
    pub execution: &'a Execution,
}

impl Book {
    /// With jobs that were saved.
    pub fn new(jobs: BTreeMap<String, Job>, time_scale: f64) -> Self {
        let executions = jobs.values().flat_map(|job| job.executions.values());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a minute, or a part of one"
        )]
        let minute_ms = (MINUTE_MS as f64 * time_scale).max(1.0) as u64;
        Self {
            latest: executions.map(|e| e.order).max().unwrap_or_default(),
            minute_ms,
            jobs,
        }
    }

    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// The job of this id.
    pub fn job(&self, id: &str) -> Result<&Job, JobError> {
        let missing = || JobError::NotFound(format!("Job {id} cannot be found"));
        self.jobs.get(id).ok_or_else(missing)
    }

    fn job_mut(&mut self, id: &str) -> Result<&mut Job, JobError> {
        let missing = || JobError::NotFound(format!("Job {id} cannot be found"));
        self.jobs.get_mut(id).ok_or_else(missing)
    }

    /// A thing's execution of a job; with a number only that one.
    pub fn execution<'a>(
        &'a self,
        thing: &'a str,
        id: &str,
        number: Option<u64>,
    ) -> Result<Place<'a>, JobError> {
        let job = self.job(id)?;
        let found = job.executions.get(thing);
        let found = found.filter(|e| number.is_none_or(|number| number == e.number));
        let execution = found.ok_or_else(|| missing_execution(thing, id))?;
        Ok(Place {
            thing,
            job,
            execution,
        })
    }

    /// A thing's executions that are not over: those in progress first, then in order.
    pub fn pending<'a>(&'a self, thing: &'a str) -> Vec<Place<'a>> {
        let all = self.jobs.values().filter_map(|job| {
            let execution = job.executions.get(thing)?;
            Some(Place {
                thing,
                job,
                execution,
            })
        });
        let mut pending: Vec<Place<'_>> = all
            .filter(|place| !place.execution.status.is_terminal())
            .collect();
        pending.sort_by_key(|place| {
            let is_queued = place.execution.status == Status::Queued;
            (is_queued, place.execution.order)
        });
        pending
    }

    /// Adds a job with an execution for each of these things.
    pub fn create(&mut self, job: Job, things: &BTreeSet<String>) -> Result<(), JobError> {
        if let Some(existing) = self.jobs.get(&job.id) {
            let id = existing.id.clone();
            return Err(JobError::Exists { id });
        }
        let (id, now_ms) = (job.id.clone(), job.created_at_ms);
        self.jobs.insert(id.clone(), job);
        self.queue(&id, things, now_ms)
    }

    /// Queues a job for things that do not have it.
    fn queue(&mut self, id: &str, things: &BTreeSet<String>, now_ms: u64) -> Result<(), JobError> {
        for thing in things {
            self.latest += 1;
            let order = self.latest;
            let executions = &mut self.job_mut(id)?.executions;
            let before = executions.get(thing);
            // One that left the group and joined it again gets the job again.
            if before.is_some_and(|e| e.status != Status::Removed) {
                continue;
            }
            let number = before.map_or(1, |e| e.number + 1);
            executions.insert(thing.clone(), Execution::new(order, number, now_ms));
        }
        self.settle(id, now_ms)
    }

    /// Adds targets to a job that goes on for its groups.
    pub fn add_targets(
        &mut self,
        id: &str,
        targets: Vec<String>,
        comment: Option<String>,
        now_ms: u64,
    ) -> Result<(), JobError> {
        let job = self.job_mut(id)?;
        if !job.is_continuous || job.status != JobStatus::InProgress {
            let message = "Targets can be added to a CONTINUOUS job that is IN_PROGRESS";
            return Err(JobError::Invalid(message.to_owned()));
        }
        for target in targets {
            if !job.targets.contains(&target) {
                job.targets.push(target);
            }
        }
        job.comment = comment.or(job.comment.take());
        job.updated_at_ms = now_ms;
        Ok(())
    }

    pub fn update(
        &mut self,
        id: &str,
        description: Option<String>,
        limit_minutes: Option<u64>,
        now_ms: u64,
    ) -> Result<(), JobError> {
        let job = self.job_mut(id)?;
        job.description = description.or(job.description.take());
        job.limit_minutes = limit_minutes.or(job.limit_minutes);
        job.updated_at_ms = now_ms;
        Ok(())
    }

    /// Makes the executions those of the things that a job is for now: `members` are the things of
    /// a target. Returns whether anything changed.
    pub fn follow(
        &mut self,
        members: impl Fn(&str) -> BTreeSet<String>,
        exists: impl Fn(&str) -> bool,
        now_ms: u64,
    ) -> bool {
        let mut changed = false;
        let ids: Vec<String> = self.jobs.keys().cloned().collect();
        for id in ids {
            let Some(job) = self.jobs.get_mut(&id) else {
                continue;
            };
            if job.status != JobStatus::InProgress {
                continue;
            }
            let wanted: BTreeSet<String> = job.targets.iter().flat_map(|t| members(t)).collect();
            let is_continuous = job.is_continuous;
            for (thing, execution) in &mut job.executions {
                let is_out = !exists(thing) || (is_continuous && !wanted.contains(thing));
                if is_out && !execution.status.is_terminal() {
                    execution.enter(Status::Removed, None, now_ms);
                    changed = true;
                }
            }
            let has = |thing: &String| {
                let execution = job.executions.get(thing);
                execution.is_some_and(|e| e.status != Status::Removed)
            };
            let joined: BTreeSet<String> = wanted.into_iter().filter(|t| !has(t)).collect();
            if is_continuous && !joined.is_empty() {
                changed |= self.queue(&id, &joined, now_ms).is_ok();
            } else if changed {
                // It is the job found above.
                let _ = self.settle(&id, now_ms);
            }
        }
        changed
    }

    /// Cancels a job: its queued executions, with `force` also those in progress.
    pub fn cancel(
        &mut self,
        id: &str,
        force: bool,
        (comment, reason_code): (Option<String>, Option<String>),
        now_ms: u64,
    ) -> Result<(), JobError> {
        let job = self.job_mut(id)?;
        if job.status != JobStatus::InProgress {
            let message = format!("Job {id} is {} already", job.status.name());
            return Err(JobError::Invalid(message));
        }
        for execution in job.executions.values_mut() {
            let is_ended = match execution.status {
                Status::Queued => true,
                Status::InProgress => force,
                _ => false,
            };
            if is_ended {
                execution.is_forced = execution.status == Status::InProgress;
                execution.enter(Status::Canceled, None, now_ms);
            }
        }
        job.status = JobStatus::Canceled;
        job.is_forced = force;
        (job.comment, job.reason_code) = (comment, reason_code);
        (job.updated_at_ms, job.completed_at_ms) = (now_ms, Some(now_ms));
        Ok(())
    }

    /// Removes a job that is over, with `force` any.
    pub fn delete(&mut self, id: &str, force: bool) -> Result<(), JobError> {
        let job = self.job(id)?;
        let has_begun = job.executions.values();
        let mut has_begun = has_begun.filter(|e| e.status == Status::InProgress);
        if !force && (job.status == JobStatus::InProgress || has_begun.next().is_some()) {
            let message = format!("Job {id} is in progress: cancel it first, or use force");
            return Err(JobError::State(message));
        }
        self.jobs.remove(id);
        Ok(())
    }

    /// Cancels one execution; one in progress with `force` only.
    pub fn cancel_execution(
        &mut self,
        thing: &str,
        id: &str,
        cancel: CancelExecution,
        now_ms: u64,
    ) -> Result<(), JobError> {
        let execution = self.execution_mut(thing, id)?;
        if let Some(expected) = cancel.expected_version
            && expected != execution.version
        {
            let version = execution.version;
            let message = format!("Expected version {expected}, but it is {version}");
            return Err(JobError::Version(message));
        }
        let is_in_progress = execution.status == Status::InProgress;
        if execution.status.is_terminal() || (is_in_progress && !cancel.force) {
            let message = format!("The job execution is {}", execution.status.name());
            return Err(JobError::State(message));
        }
        execution.is_forced = is_in_progress;
        execution.details.extend(cancel.details);
        execution.enter(Status::Canceled, None, now_ms);
        self.settle(id, now_ms)
    }

    /// Removes one execution; one that is not over with `force` only.
    pub fn delete_execution(
        &mut self,
        thing: &str,
        id: &str,
        number: u64,
        force: bool,
        now_ms: u64,
    ) -> Result<(), JobError> {
        let execution = self.execution(thing, id, Some(number))?.execution;
        if !execution.status.is_terminal() && !force {
            let message = format!("The job execution is {}", execution.status.name());
            return Err(JobError::State(message));
        }
        self.job_mut(id)?.executions.remove(thing);
        self.settle(id, now_ms)
    }

    fn execution_mut(&mut self, thing: &str, id: &str) -> Result<&mut Execution, JobError> {
        let found = self.job_mut(id)?.executions.get_mut(thing);
        found.ok_or_else(|| missing_execution(thing, id))
    }

    /// A device moves its execution to a status.
    pub fn move_to(
        &mut self,
        thing: &str,
        id: &str,
        status: Status,
        update: StatusUpdate,
        now_ms: u64,
    ) -> Result<(), JobError> {
        let minute_ms = self.minute_ms;
        let limit_minutes = self.job(id)?.limit_minutes;
        let execution = self.execution_mut(thing, id)?;
        if let Some(details) = update.details {
            execution.details = details;
        }
        execution.enter(status, limit_minutes.map(|m| m * minute_ms), now_ms);
        match update.step_minutes {
            Some(minutes) if status == Status::InProgress => {
                // A negative number ends the timer.
                let minutes = u64::try_from(minutes).ok();
                execution.step_limit_ms = minutes.map(|m| now_ms + m * minute_ms);
            }
            _ => {}
        }
        self.settle(id, now_ms)
    }

    /// Times out what is over its limit. Returns whether anything changed.
    pub fn expire(&mut self, now_ms: u64) -> bool {
        let mut ended = BTreeSet::new();
        for job in self.jobs.values_mut() {
            for execution in job.executions.values_mut() {
                if execution.limit_ms().is_some_and(|limit| limit <= now_ms) {
                    execution.enter(Status::TimedOut, None, now_ms);
                    ended.insert(job.id.clone());
                }
            }
        }
        // Jobs are not removed meanwhile.
        ended.iter().all(|id| self.settle(id, now_ms).is_ok()) && !ended.is_empty()
    }

    /// Completes a job whose executions are all over, unless it waits for things to come.
    fn settle(&mut self, id: &str, now_ms: u64) -> Result<(), JobError> {
        let job = self.job_mut(id)?;
        let is_over = job.executions.values().all(|e| e.status.is_terminal());
        if is_over && !job.is_continuous && job.status == JobStatus::InProgress {
            job.status = JobStatus::Completed;
            job.completed_at_ms = Some(now_ms);
            job.updated_at_ms = now_ms;
        }
        Ok(())
    }
}

fn missing_execution(thing: &str, id: &str) -> JobError {
    JobError::NotFound(format!(
        "Job execution of job {id} on thing {thing} cannot be found"
    ))
}
