//! A graph of states as the scheduler's script reads it: short, since it is large.

use super::text::json;
use crate::explorer::states::{Graph, State, Transition};
use serde_json::{Value, json as value};

/// The source files of the graph's steps.
pub(super) fn files(graph: &Graph) -> Vec<&str> {
    let steps = graph.transitions.iter().flat_map(|it| &it.steps);
    let mut files: Vec<&str> = Vec::new();
    for step in steps {
        if !files.contains(&step.file.as_str()) {
            files.push(&step.file);
        }
    }
    files
}

/// The script that adds the graph. `name`: that of its file, without `.js`.
pub(super) fn script(name: &str, graph: &Graph) -> serde_json::Result<String> {
    let files = files(graph);
    let transition = |it: &Transition| -> Value {
        let steps = it.steps.iter().map(|step| {
            value!([
                step.thread,
                step.what,
                u8::from(step.is_narration),
                files.iter().position(|&file| file == step.file),
                step.line,
                step.shows,
                step.lock.map(|(object, takes)| (object, u8::from(takes))),
            ])
        });
        value!([it.thread, steps.collect::<Vec<_>>(), it.waits, it.chance])
    };
    let state = |it: &State| -> Value {
        let next = it
            .next
            .iter()
            .flat_map(|&(transition, to)| [transition, to]);
        let next: Vec<usize> = next.collect();
        match &it.end {
            Some(end) => value!([next, it.interleavings, (end.outcome, &end.because)]),
            None => value!([next, it.interleavings]),
        }
    };
    let objects = graph.objects.iter().map(|it| (&it.name, &it.initially));
    let outcomes = { graph.outcomes.iter() }.map(|it| (it.grade as u8, &it.outcome, &it.meaning));
    let graph = value!({
        "threads": graph.threads,
        "objects": objects.collect::<Vec<_>>(),
        "files": files,
        "transitions": graph.transitions.iter().map(transition).collect::<Vec<_>>(),
        "outcomes": outcomes.collect::<Vec<_>>(),
        "states": graph.states.iter().map(state).collect::<Vec<_>>(),
    });
    Ok(format!(
        "racecourse.add({}, {});\n",
        json(&name)?,
        json(&graph)?
    ))
}
