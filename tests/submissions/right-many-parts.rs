// expect: proved
// exercise: ticket_office/announces-after-unlock
#![allow(dead_code)]
//! A style with modules, generics, macros, collections and words.
use racecourse::lessons::ticket_office::{Sale, TicketOffice};
use racecourse::narrate;

/// A stock of anything.
mod stock {
    use racecourse::sync::{Mutex, Watched};
    use std::collections::VecDeque;
    use std::fmt::Debug;

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Items<T>(VecDeque<T>);

    pub struct Stock<T>(Mutex<Items<T>>);

    impl<T: Debug + Clone + PartialEq> Stock<T> {
        pub fn new(items: impl IntoIterator<Item = T>) -> Self {
            let items = Items(items.into_iter().collect());
            let text = format!("{items:?}");
            assert_eq!(text.contains("Items"), true);
            Self(Mutex::new(items).watched(|items| format!("{} items", items.0.len())))
        }

        #[inline]
        pub fn take(&self) -> Option<T> {
            self.0.lock().unwrap().0.pop_front()
        }
    }
}

macro_rules! sale {
    ($ticket:expr) => {
        Sale { ticket: $ticket, left: $ticket - 1 }
    };
}

#[derive(Default)]
struct Names {
    list: Vec<String>,
    boxed: Option<Box<dyn Fn() -> usize + Send + Sync>>,
}

pub struct Answer {
    stock: stock::Stock<i64>,
    names: Names,
}

impl TicketOffice for Answer {
    fn open(tickets: i64, clerks: usize) -> Self {
        let list: Vec<String> = (0..clerks).map(|clerk| clerk.to_string()).collect();
        println!("opens with {tickets} tickets");
        Self {
            stock: stock::Stock::new((1..=tickets).rev()),
            names: Names { list, ..Names::default() },
        }
    }

    fn sell(&self, clerk: usize) -> Option<Sale> {
        if clerk >= self.names.list.len() {
            panic!("no clerk {clerk}");
        }
        let ticket = self.stock.take()?;
        narrate!("takes {ticket}");
        Some(sale!(ticket))
    }
}
