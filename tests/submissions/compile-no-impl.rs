// expect: compile: line 7: the trait bound `Answer: TicketOffice` is not satisfied
// exercise: ticket_office/lost-update

use racecourse::lessons::ticket_office::Sale;
use racecourse::sync::atomic::{AtomicI64, Ordering};

pub struct Answer {
    left: AtomicI64,
}
