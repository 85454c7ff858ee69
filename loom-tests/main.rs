//! Every interleaving: the model itself, the lessons under it, and strangers' code.
#![cfg(loom)]

#[cfg(unix)]
mod abuse;
#[cfg(unix)]
mod alive;
mod alloc;
mod alone;
mod arc;
mod atomics;
mod barrier;
mod chance;
mod channels;
#[cfg(unix)]
mod command_line;
mod destruction;
#[path = "../tests/fixture.rs"]
mod fixture;
mod futures;
mod generated;
#[cfg(unix)]
mod grading;
mod graph;
mod lessons;
mod liberties;
mod litmus;
mod lock_free;
mod loom_names;
mod loops;
mod model;
mod once;
#[cfg(unix)]
mod page;
mod preemption_bound;
mod programs;
mod readers_and_writers;
mod rwlock;
mod same_source;
mod scenarios;
mod statics;
mod stories;
mod strangers;
mod sync_channel;
mod thread_locals;
mod threads;
#[cfg(unix)]
mod verdict;

// `crate::sync` and `crate::explorer` in the lessons' files, where they are compiled against
// loom.
use racecourse::explorer;
use same_source::sync;

/// The last line of a story, without the first place in it.
fn without_place(line: &str) -> String {
    let (before, after) = line
        .split_once(" at loom-tests/")
        .expect("it names a place");
    let end = after.find([',', ' ']).unwrap_or(after.len());
    let end = after[..end].strip_suffix(':').map_or(end, str::len);
    format!("{before}{}", &after[end..])
}
