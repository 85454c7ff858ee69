//! Scenes of a ticket office, and the judge of their outcomes.

use super::lesson::{Sale, TicketOffice};
use crate::explorer::report::{Grade, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::sync::{Actors, rest};
use std::collections::HashSet;

/// The office's day: what each clerk sold, until the office said it was empty.
pub fn day<Office: TicketOffice>(clerks: usize, tickets: i64) -> Vec<Vec<Sale>> {
    sales::<Office>(clerks, tickets, usize::MAX)
}

/// What each clerk sold who was to make that many sales at the most.
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

/// Holds a day against the promises: as many sold as there were, no number sold
/// twice, the announced remainders right.
#[must_use]
pub fn judge(tickets: i64, day: &[Vec<Sale>]) -> Judged {
    let sales: Vec<Sale> = day.iter().flatten().copied().collect();
    let mut numbers = HashSet::new();
    if let Some(twice) = sales.iter().find(|sale| !numbers.insert(sale.ticket)) {
        return Judged::forbidden(
            format!("ticket {} sold twice", twice.ticket),
            "two customers hold the same ticket",
        );
    }
    if let Some(sale) = sales
        .iter()
        .find(|sale| !(1..=tickets).contains(&sale.ticket))
    {
        return Judged::forbidden(
            format!("ticket {} sold", sale.ticket),
            "a ticket that was never there: oversold",
        );
    }
    if sales.len() as i64 != tickets {
        return Judged::forbidden(
            format!("{} of {tickets} sold", sales.len()),
            "everybody has gone home, and tickets are left",
        );
    }
    if sales.iter().any(|sale| sale.left != sale.ticket - 1) {
        return Judged::forbidden(
            "a wrong remainder announced",
            "not what was left after the sale",
        );
    }
    let each: Vec<String> = day.iter().map(|sold| sold.len().to_string()).collect();
    Judged::promised(
        format!("sold {}", each.join(" + ")),
        "each ticket once, each remainder right",
    )
}

/// The seed's day: as many clerks and tickets as the program says.
pub(super) fn play<Office: TicketOffice>(program: &Program) -> Judged {
    let tickets = i64::try_from(program.tickets).expect("the command line lets no more through");
    judge(tickets, &day::<Office>(program.clerks, tickets))
}

pub(super) fn scenes<Office: TicketOffice + 'static>() -> Vec<Scene> {
    let scene = |name, clerks, tickets| {
        Scene::new(name, move || {
            judge(tickets, &day::<Office>(clerks, tickets))
        })
    };
    vec![
        scene("2 clerks, 1 ticket", 2, 1).must_occur(&["sold 1 + 0", "sold 0 + 1"]),
        scene("2 clerks, 2 tickets", 2, 2).must_occur(&["sold 2 + 0", "sold 1 + 1", "sold 0 + 2"]),
        Scene::new("2 clerks, 2 tickets, a sale each", || {
            let sales = sales::<Office>(2, 2, 1);
            match judge(2, &sales) {
                // The office was never empty: nobody may be told that it is.
                judged if judged.grade == Grade::Promised => match judged.outcome.as_str() {
                    "sold 1 + 1" => judged,
                    other => Judged::forbidden(other, "a clerk was sent away from a full office"),
                },
                judged => judged,
            }
        })
        .must_occur(&["sold 1 + 1"]),
        scene("3 clerks, 2 tickets", 3, 2)
            .must_occur(&["sold 1 + 1 + 0", "sold 0 + 0 + 2"])
            .proof(),
    ]
}
