//! Scenes of a ticket office.

use super::lesson::{Sale, TicketOffice, judge};
use crate::explorer::report::{Grade, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::sync::{Actors, rest};

/// What each clerk sold until the office was sold out, or has sold too many tickets.
pub fn day<Office: TicketOffice>(clerks: usize, tickets: i64) -> Vec<Vec<Sale>> {
    sales::<Office>(clerks, tickets, tickets as usize + 2)
}

/// What each clerk sold, where a clerk makes up to `most` sales.
fn sales<Office: TicketOffice>(clerks: usize, tickets: i64, most: usize) -> Vec<Vec<Sale>> {
    let office = Office::open(tickets, clerks);
    let office = &office;
    let mut actors = Actors::new();
    for clerk in 0..clerks {
        actors = actors.enter(format!("clerk-{}", clerk + 1), move || {
            let mut sold = Vec::new();
            while sold.len() < most {
                let Some(sale) = office.sell(clerk) else {
                    narrate!("sold out");
                    break;
                };
                narrate!("sold ticket {}, {} left", sale.ticket, sale.left);
                sold.push(sale);
                rest();
            }
            sold
        });
    }
    actors.run()
}

/// The tutorial's program, with other numbers of clerks and tickets.
pub(super) fn play<Office: TicketOffice>(program: &Program) -> Judged {
    let tickets = i64::try_from(program.tickets).expect("the command line lets no more through");
    judge(tickets, &day::<Office>(program.clerks, tickets))
}

/// The scenes of the lesson, with that version.
#[must_use]
pub fn scenes<Office: TicketOffice + 'static>() -> Vec<Scene> {
    let scene = |name, clerks, tickets| {
        Scene::new(name, move || {
            judge(tickets, &day::<Office>(clerks, tickets))
        })
    };
    vec![
        scene("2 clerks, 1 ticket", 2, 1).must_occur(&["sold 1 + 0", "sold 0 + 1"]),
        scene("2 clerks, 2 tickets", 2, 2).must_occur(&["sold 2 + 0", "sold 1 + 1", "sold 0 + 2"]),
        Scene::new("2 clerks, 2 tickets, one sale each", || {
            let sales = sales::<Office>(2, 2, 1);
            match judge(2, &sales) {
                // There was a ticket for each clerk: no clerk may be told that the office is sold out.
                judged if judged.grade == Grade::Promised => match judged.outcome.as_str() {
                    "sold 1 + 1" => judged,
                    other => Judged::forbidden(
                        other,
                        "a clerk was told that the office is sold out, although tickets were left",
                    ),
                },
                judged => judged,
            }
        })
        .must_occur(&["sold 1 + 1"]),
        scene("1 clerk, 5 tickets", 1, 5)
            .must_occur(&["sold 5"])
            .proof(),
        scene("3 clerks, 2 tickets", 3, 2)
            .must_occur(&["sold 1 + 1 + 0", "sold 0 + 0 + 2"])
            .proof(),
    ]
}
