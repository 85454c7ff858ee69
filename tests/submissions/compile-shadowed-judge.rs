// expect: compile: TicketOffice
// exercise: ticket_office/check-then-act
use racecourse::sync::Mutex;

/// The same trait, by its name.
pub trait TicketOffice {
    fn open(tickets: i64, clerks: usize) -> Self;
    fn sell(&self, clerk: usize) -> Option<Sale>;
}

pub struct Sale {
    pub ticket: i64,
    pub left: i64,
}

pub fn judge(_tickets: i64, _day: &[Vec<Sale>]) -> &'static str {
    "sold 1 + 0"
}

pub struct Answer(Mutex<i64>);

impl TicketOffice for Answer {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self(Mutex::new(tickets))
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        None
    }
}
