//! The columns of a story.

use crate::engine::execution::run::Execution;
use crate::engine::execution::telling::Telling;
use crate::engine::execution::trace::{Names, RecordKind};
use crate::engine::ids::ThreadId;
use crate::explorer::order::Script;
use crate::explorer::order::lanes::lanes;
use crate::explorer::report::Lane;

/// What the scene does itself, before and after its actors.
pub(super) const SCENE: &str = "scene";

pub(super) struct Columns<'x> {
    x: &'x Execution,
    pub(super) names: Vec<String>,
    /// By thread.
    of_thread: Vec<usize>,
    /// Whether the first column is that of [`SCENE`].
    has_scene: bool,
}

impl<'x> Columns<'x> {
    /// The columns of a story with these records.
    pub(super) fn of(x: &'x Execution, order: &[usize]) -> Self {
        let is_aside = |&&id: &&usize| {
            let record = &x.trace.records()[id];
            let is_told = !matches!(record.kind, RecordKind::Setup | RecordKind::Destruction);
            is_told && is_scene(x, record.thread, id)
        };
        let has_scene = order.iter().any(|id| is_aside(&id));
        let in_order = x.in_order();
        let names = Telling::of(x);
        let scene = has_scene.then(|| SCENE.to_owned());
        let threads = in_order.iter().map(|&thread| names.thread(thread));
        let names = scene.into_iter().chain(threads).collect();
        let mut of_thread = vec![0; in_order.len()];
        for (place, &thread) in in_order.iter().enumerate() {
            of_thread[thread] = place + usize::from(has_scene);
        }
        Self {
            x,
            names,
            of_thread,
            has_scene,
        }
    }

    /// The column of a record of that thread.
    pub(super) fn of_record(&self, thread: ThreadId, id: usize) -> usize {
        match self.has_scene && is_scene(self.x, thread, id) {
            true => 0,
            false => self.of_thread[thread],
        }
    }

    /// What stands in each column after each of these steps.
    pub(super) fn lanes(&self, script: &Script<'_>, order: &[usize]) -> Vec<Vec<Lane>> {
        let x = self.x;
        let starts = |thread: ThreadId| {
            let mut records = x.trace.records()[..script.steps.len()].iter();
            records.position(|it| it.kind == RecordKind::Spawn && it.values[0] == thread as u64)
        };
        let of_threads = lanes(script, order, x.threads.len(), starts);
        let steps = order.iter().zip(of_threads).enumerate();
        let of_columns = steps.map(|(place, (&id, of_threads))| {
            let mut columns = vec![Lane::Ended; self.names.len()];
            for (&column, lane) in self.of_thread.iter().zip(of_threads) {
                columns[column] = lane;
            }
            if self.has_scene {
                self.scene_lane(&mut columns, id, &order[place + 1..]);
            }
            columns
        });
        of_columns.collect()
    }

    /// Whether an actor has done something before that record.
    fn has_acted(&self, id: usize) -> bool {
        let mut before = self.x.trace.records()[..id].iter();
        before.any(|record| record.thread != 0 && record.kind != RecordKind::Setup)
    }

    /// The lane of the scene, and of the actor whose part its thread plays.
    fn scene_lane(&self, columns: &mut [Lane], id: usize, later: &[usize]) {
        let x = self.x;
        let Some(&(thread, from, _)) = x.parts.first() else {
            return;
        };
        let is_first = x.trace.records()[id].thread == thread && id < from as usize;
        if is_first && !self.has_acted(id) {
            columns.fill(Lane::NotStarted);
            columns[0] = Lane::Enabled;
            return;
        }
        let is_next = |&&id: &&usize| {
            let record = &x.trace.records()[id];
            record.thread == thread && record.kind != RecordKind::Setup
        };
        let next = later.iter().find(is_next);
        columns[0] = Lane::Ended;
        if next.is_some_and(|&next| is_scene(x, thread, next)) {
            columns[0] = Lane::Enabled;
            columns[self.of_thread[thread]] = Lane::Ended;
        }
    }
}

/// Whether the record is not part of what the actor does whose part its thread plays.
pub(super) fn is_scene(x: &Execution, thread: ThreadId, id: usize) -> bool {
    let mut parts = x.parts.iter().filter(|part| part.0 == thread).peekable();
    let is_part =
        |&(_, from, to): &(ThreadId, u32, u32)| (from as usize..to as usize).contains(&id);
    parts.peek().is_some() && !parts.any(is_part)
}
