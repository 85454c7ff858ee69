//! Where an execution parts from a story.

use super::{Script, Search, StepId};
use crate::engine::ids::{MAX_THREADS, ThreadId};

/// The first step of a story that an execution does not take, although it has taken all
/// before, in an order that its own steps allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parting {
    /// Which of the story's steps.
    pub(crate) at: usize,
    /// What the same thread does next in the execution.
    pub(crate) instead: Option<StepId>,
    /// What another thread does before that in the execution, and has not done in the story.
    pub(crate) before: Vec<StepId>,
}

/// Where the script's execution parts from a story. `threads`: for each of the story's
/// steps the thread that takes it, by its number in the script. `is_same`: whether a step
/// of the script is that step of the story.
pub(crate) fn parting(
    script: &Script<'_>,
    threads: impl Iterator<Item = Option<ThreadId>>,
    mut is_same: impl FnMut(usize, StepId) -> bool,
) -> Option<Parting> {
    let search = Search::new(script);
    let mut taken = [0; MAX_THREADS];
    for (at, thread) in threads.enumerate() {
        let next = thread.and_then(|thread| search.next(&taken, thread));
        let missing = next.and_then(|next| {
            let is_missing = |&&(thread, far): &&(ThreadId, u16)| taken[thread] < far;
            search.needs_of(next).iter().find(is_missing)
        });
        let before = missing.map_or_else(Vec::new, |&(thread, far)| {
            search.threads[thread][taken[thread].into()..far.into()].to_vec()
        });
        match (thread, next) {
            (Some(thread), Some(next)) if before.is_empty() && is_same(at, next) => {
                taken[thread] += 1;
            }
            _ => {
                let instead = next;
                return Some(Parting {
                    at,
                    instead,
                    before,
                });
            }
        }
    }
    None
}
