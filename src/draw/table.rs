//! The outcomes of a scene, as a table.

use super::layout::{Block, Column, Drawing, Piece, Table, Tone};
use crate::explorer::report::{Exploration, Grade};

/// The table of outcomes and the verdict below it. A tick stands only where every
/// interleaving was seen.
#[must_use]
pub fn outcomes(found: &Exploration) -> Drawing {
    let column = |heading, numbers| Column { heading, numbers };
    let columns = vec![
        column("", false),
        column("outcome", false),
        column("interleavings", true),
        column("executions", true),
        column("grade", false),
        column("meaning", false),
    ];
    let rows = found
        .outcomes
        .iter()
        .map(|outcome| {
            let (mark, tone) = match outcome.grade {
                Grade::Forbidden => ("✗", Tone::Bad),
                Grade::Promised if found.is_complete() => ("✓", Tone::Good),
                Grade::Promised | Grade::Allowed => ("·", Tone::Plain),
            };
            vec![
                Piece::new(tone, mark),
                Piece::new(tone, &outcome.outcome),
                Piece::new(Tone::Plain, outcome.different.to_string()),
                Piece::new(Tone::Plain, outcome.executions.to_string()),
                Piece::new(tone, outcome.grade.to_string()),
                Piece::new(Tone::Plain, &outcome.meaning),
            ]
        })
        .collect();
    let verdict = match found.is_complete() {
        true => Tone::Heading,
        false => Tone::Warning,
    };
    Drawing {
        blocks: vec![
            Block::Table(Table { columns, rows }),
            Block::Text(vec![Piece::new(verdict, found.verdict())]),
        ],
    }
}
