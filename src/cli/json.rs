//! What `explore --json` writes: for graders and other programs, and stable.

use super::verdict::missing;
use crate::explorer::report::{BoundedLoop, Budget, Exploration, Memory, Outcome, Proved};
use crate::lessons::{Lesson, Scene, Version};
use serde::Serialize;

/// The format, as `explore --help` explains it.
pub const DESCRIPTION: &str = "\
Exit code: 0 if every correct version is proved and every bug is found as its lesson says; 1 if not;
2 if the command makes no sense; 74 if the output cannot be written, 141 if nobody reads it any more;
130 after Ctrl-C: the scenes in progress are STOPPED then, the others are not explored. With
--partition only its own scenes count: together, all partitions explore each scene once.

A progress line appears only on a terminal. Colours appear only on a terminal, unless --color,
NO_COLOR or CLICOLOR_FORCE say otherwise.

--json writes one object a line for each scene of each version, as soon as it has been explored:
  lesson, version, scene   their names
  kind                     \"right\" or \"wrong\" (with --as-right all are right)
  mistake                  null, or what gives a wrong version away: {scene, outcome, preemptions}
  memory                   \"sc\" or \"c11\"
  budget                   {any_waiter, spurious_wake_ups, early_timeouts, weak_failures, deaths, iterations}:
                           what threads may do as well; iterations: how far endless loops are explored
  complete                 whether every interleaving was seen
  stopped                  null, or why it stopped before
  proved                   which interleavings were all explored: \"all\" (it is complete), \"nothing\",
                           or {preemptions}: those with at most so many preemptions
  bounded                  [{file, line, iterations}]: loops that were explored up to so many iterations only
  executions, different    how many were run, and how many different interleavings among them
  seconds                  how long it took
  outcomes                 [{outcome, grade, meaning, different, executions, story}]
                           grade: \"promised\", \"allowed\" or \"forbidden\"
  must_occur_missing       names of outcomes that must occur and were not found
and a story is
  threads, watched         names of the threads, and of the shared things shown beside them
  initially                their values before the first step
  steps                    [{thread, what, kind, object, file, line, state, lanes, switch}]
                           thread: index into threads; kind: \"operation\", \"locks\", \"unlocks\",
                           \"aside\" (changes nothing for another thread), \"narration\" or \"panic\";
                           object: null, or its name; state: a value for each of watched after it;
                           lanes: \"not_started\", \"enabled\", \"waits\" or \"ended\" for each of threads;
                           switch: null, or {preempted, why} if another thread runs after it
  promised                 [{outcome, meaning}]: what the scene promises instead
  decisive                 null, or index into steps: after it no interleaving ends as promised
  because                  null, or {act, before, instead, outcome}: the decisive step, the step of
                           another thread that comes first (or that comes instead) in an interleaving
                           that ends in outcome; each {thread, what, file, line, source}
  always                   whether no interleaving ends as promised
  epilogue                 lines: what each thread waits for, which accesses race
  preemptions, stale_reads how many of each
  minimal                  whether no interleaving with this outcome has fewer stale reads, or as
                           many and fewer preemptions; if false, it needs at most so many
The last line is one more object:
  accepted                 whether all is as it should be, so that the exit code is 0
  scenes                   how many objects came before it
  preemptions              null, or the bound that --preemptions set: what is accepted holds up to it
  complaints               what is not as it should be: the lines on standard error
A script accepts a version only if this last line is there and says \"accepted\":true, never by the
exit code alone: code in a version can end the process. If it calls exit, the exit code is 101; if it
is aborted or killed, that of the signal; with C's _exit or exec it can be 0. Then there is no last line.
What is not as it should be goes to standard error, a line each.";

/// A line of `explore --json`: one scene.
#[derive(Debug, Serialize)]
pub struct Record<'a> {
    lesson: &'a str,
    version: &'a str,
    kind: &'static str,
    mistake: Option<Expected>,
    scene: &'a str,
    memory: Memory,
    budget: Budget,
    complete: bool,
    stopped: Option<&'a str>,
    proved: Proved,
    bounded: &'a [BoundedLoop],
    executions: u64,
    different: u64,
    seconds: f64,
    outcomes: &'a [Outcome],
    must_occur_missing: Vec<&'a str>,
}

/// The last line of `explore --json`.
#[derive(Debug, Serialize)]
pub struct Verdict<'a> {
    /// Whether all is as it should be.
    pub accepted: bool,
    /// How many [records](Record) came before.
    pub scenes: usize,
    /// The bound on preemptions that was given.
    pub preemptions: Option<u8>,
    /// What is not as it should be.
    pub complaints: &'a [String],
}

/// What gives a wrong version away.
#[derive(Debug, Serialize)]
struct Expected {
    scene: &'static str,
    outcome: &'static str,
    preemptions: usize,
}

impl<'a> Record<'a> {
    /// What exploring that scene found.
    #[must_use]
    pub fn new(
        lesson: &'a Lesson,
        version: &'a Version,
        scene: &'a Scene,
        found: &'a Exploration,
    ) -> Self {
        Self {
            lesson: lesson.name,
            version: &version.name,
            kind: if version.is_right() { "right" } else { "wrong" },
            mistake: version.mistake.map(|mistake| Expected {
                scene: mistake.scene,
                outcome: mistake.outcome,
                preemptions: mistake.preemptions,
            }),
            scene: scene.name,
            memory: found.memory,
            budget: found.budget,
            complete: found.is_complete(),
            stopped: found.stopped.as_deref(),
            proved: found.proved,
            bounded: &found.bounded,
            executions: found.executions,
            different: found.different,
            seconds: found.took.as_secs_f64(),
            outcomes: &found.outcomes,
            must_occur_missing: missing(scene, found).collect(),
        }
    }
}
