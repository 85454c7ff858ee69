//! The exercises, from easy to hard, and their lessons.

/// One exercise: a wrong version to repair.
#[derive(Debug)]
pub struct Exercise {
    /// The lesson's name.
    pub lesson: &'static str,
    /// The name of the wrong version.
    pub version: &'static str,
    /// What to do, in a line.
    pub task: &'static str,
    /// Each hint says more than the one before.
    pub hints: &'static [&'static str],
}

impl Exercise {
    /// `ticket_office/check-then-act`
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.lesson, self.version)
    }

    /// The name of the file that the exercise is written to: `check-then-act.rs`.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}.rs", self.version)
    }

    /// Its lesson.
    #[must_use]
    pub fn room(&self) -> &'static Room {
        let room = ROOMS.iter().find(|room| room.lesson == self.lesson);
        room.expect("a test checks every exercise")
    }
}

/// The exercise of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Exercise> {
    EXERCISES.iter().find(|exercise| exercise.name() == name)
}

/// Why there is no exercise of that name, and which one may be meant.
#[must_use]
pub fn none_named(name: &str) -> String {
    if ROOMS.iter().any(|room| room.lesson == name) {
        let own = EXERCISES.iter().filter(|it| it.lesson == name);
        let names: Vec<String> = own.map(Exercise::name).collect();
        return format!(
            "{name} is a lesson; its exercises are: {}",
            names.join(", ")
        );
    }
    let distance = |exercise: &&Exercise| {
        let whole = strsim::damerau_levenshtein(name, &exercise.name());
        whole.min(strsim::damerau_levenshtein(name, exercise.version))
    };
    let length = name.chars().count();
    // Comparing takes time and memory in proportion to the length.
    let all = EXERCISES.iter().filter(|_| length < 64);
    let nearest = all.min_by_key(distance);
    let nearest = nearest.filter(|it| distance(it) <= length / 4);
    let meant = nearest.map_or_else(String::new, |it| format!("did you mean {}? ", it.name()));
    format!(
        "there is no exercise '{}'; {meant}`cargo race exercises` lists them",
        name.escape_debug()
    )
}

/// A lesson that has exercises.
#[derive(Debug)]
pub struct Room {
    /// The lesson's name.
    pub lesson: &'static str,
    /// The trait that an answer implements.
    pub answers: &'static str,
    /// The version to explore, given the type of the answer.
    pub version: &'static str,
    /// What a submission may use of the lessons, as `use` declarations in modules.
    pub exports: &'static str,
    /// Whether an answer must start a thread, because the scenes start none.
    pub starts_threads: bool,
    /// A scene that has too many interleavings for some right answers, and up to how many
    /// preemptions it is explored.
    pub bounded: Option<(&'static str, usize)>,
    /// The file of the trait. If its methods are documented at another type, that type and
    /// its file.
    pub(super) documented: (&'static str, Option<(&'static str, &'static str)>),
    /// The files of the wrong versions, and of what they use of the lesson.
    pub(super) sources: &'static [&'static str],
}

/// The lessons that have exercises.
pub const ROOMS: &[Room] = &[
    Room {
        lesson: "ticket_office",
        answers: "TicketOffice",
        version: "Answer",
        exports: "pub mod ticket_office { pub use real::lessons::ticket_office::{Sale, TicketOffice}; }",
        starts_threads: false,
        bounded: None,
        documented: ("src/lessons/ticket_office/lesson.rs", None),
        sources: &["src/lessons/ticket_office/wrong.rs"],
    },
    Room {
        lesson: "join",
        answers: "Sum",
        version: "Answer",
        exports: "pub mod join { pub use real::lessons::join::Sum; }",
        starts_threads: true,
        bounded: None,
        documented: ("src/lessons/join/lesson.rs", None),
        sources: &[
            "src/lessons/join/lesson.rs",
            "src/lessons/join/wrong.rs",
        ],
    },
    Room {
        lesson: "bread_queue",
        answers: "Bakery",
        version: "Answer",
        exports: "pub mod bread_queue { pub use real::lessons::bread_queue::{Bakery, Bread, Day}; }
                  pub mod bounded_queue { pub mod right { pub use real::lessons::bounded_queue::right::Queue; } }",
        starts_threads: false,
        bounded: None,
        documented: ("src/lessons/bread_queue/lesson.rs", None),
        sources: &["src/lessons/bread_queue/wrong.rs"],
    },
    Room {
        lesson: "bounded_queue",
        answers: "BoundedQueue",
        version: "Answer",
        exports: "pub mod bounded_queue {
                      pub use real::lessons::bounded_queue::{
                          BoundedQueue, Item, PutTimeoutError, RecvError, RecvTimeoutError, SendError,
                          SendTimeoutError, TryRecvError, TrySendError,
                      };
                  }",
        starts_threads: false,
        // `notify_all` on one condition variable has more than a million. What only this scene
        // shows needs no preemption: `one-condvar-notify-two`.
        bounded: Some(("1 producer, 4 consumers, 4 items, capacity 1", 0)),
        documented: ("src/lessons/bounded_queue/lesson.rs", Some(("Queue", "src/lessons/bounded_queue/right.rs"))),
        sources: &[
            "src/lessons/bounded_queue/wrong.rs",
            "src/lessons/bounded_queue/right.rs",
            "src/lessons/bounded_queue/lesson.rs",
        ],
    },
    Room {
        lesson: "ticket_lock",
        answers: "Lock",
        version: "racecourse::lessons::ticket_lock::Counted<Answer>",
        exports: "pub mod ticket_lock { pub use real::lessons::ticket_lock::Lock; }",
        starts_threads: false,
        bounded: None,
        documented: ("src/lessons/ticket_lock/lesson.rs", None),
        sources: &["src/lessons/ticket_lock/wrong.rs"],
    },
];

/// Every exercise, from easy to hard.
pub const EXERCISES: &[Exercise] = &[
    Exercise {
        lesson: "ticket_office",
        version: "check-then-act",
        task: "Sell each ticket once: two clerks must not both sell the last ticket.",
        hints: &[
            "Read the story from the `!` upwards: what did each clerk know when it took the ticket?",
            "Between the two locks of `sell` another clerk can sell a ticket.",
            "Check and take while you hold the lock: keep one guard for both.",
        ],
    },
    Exercise {
        lesson: "ticket_office",
        version: "lost-update",
        task: "Sell each ticket once, without a mutex.",
        hints: &[
            "Each of the two operations is atomic. Are both together?",
            "The store must happen only if the number is still the one that was loaded.",
            "`fetch_update`, or a loop around `compare_exchange`, checks and stores in one operation.",
        ],
    },
    Exercise {
        lesson: "ticket_office",
        version: "announces-after-unlock",
        task: "Announce after each sale how many tickets were left right after it.",
        hints: &[
            "Which clerk may have sold a ticket between the sale and the second lock?",
            "The number that a clerk announces must be read in the critical section of the sale.",
        ],
    },
    Exercise {
        lesson: "ticket_office",
        version: "lock-each",
        task: "Sell each ticket once: the locks of the clerks keep nobody out.",
        hints: &[
            "Which two threads ever try to lock the same mutex?",
            "A lock protects data only if all threads that use the data take the same lock.",
            "Put the number of tickets into one `Mutex<i64>`, and remove the atomic.",
        ],
    },
    Exercise {
        lesson: "join",
        version: "reads-before-join",
        task: "Return the sum that the other thread has computed. Keep the thread.",
        hints: &[
            "What can `x` be before the other thread has run?",
            "No memory ordering makes a thread wait. `join` does.",
        ],
    },
    Exercise {
        lesson: "bread_queue",
        version: "closes-too-early",
        task: "Sell every bread, and let everybody go home: also with two bakers.",
        hints: &[
            "What happens to the second baker's bread when the first baker goes home?",
            "Only the last baker may close the queue. How does a baker know that he is the last?",
            "Count the bakers in an atomic: `fetch_sub` returns how many there were before.",
        ],
    },
    Exercise {
        lesson: "join",
        version: "trusts-the-wake-up",
        task: "Wait for the other thread, which notifies at its end. Return its sum.",
        hints: &[
            "std allows `wait` to return although no thread has notified.",
            "After each wake-up check again whether the thread is done: `while`, not `if`.",
        ],
    },
    Exercise {
        lesson: "bread_queue",
        version: "counted-customers",
        task: "Let customers buy all the bread there is, and then go home.",
        hints: &[
            "How many breads does a customer wait for, and how many are baked?",
            "No customer knows how much the others buy. `get` of a closed queue that is empty \
             returns an error at once: that can end a customer's day.",
            "The last baker who goes home closes the queue. Count the bakers in an atomic.",
        ],
    },
    Exercise {
        lesson: "join",
        version: "poisoned-and-stuck",
        task: "Report a failure of the other thread: do not wait for it for ever.",
        hints: &[
            "What does `try_lock` return after a thread has panicked with the lock?",
            "`Err` of `try_lock` has two cases: the lock is held, or it is poisoned.",
            "Join the thread first. Then no loop is needed.",
        ],
    },
    Exercise {
        lesson: "bounded_queue",
        version: "silent-close",
        task: "Write `close`: every thread that waits must notice that the queue is closed.",
        hints: &[
            "A thread that waits on a condition variable checks nothing until it is notified.",
            "Threads wait on two condition variables, and there may be several on each.",
        ],
    },
    Exercise {
        lesson: "bounded_queue",
        version: "if-instead-of-while",
        task: "Write `put` and `get`, which wait until there is room or an item.",
        hints: &[
            "A woken thread must lock the mutex again. What can happen before it has it?",
            "Check the condition again after each wait: `while`, or `wait_while`.",
        ],
    },
    Exercise {
        lesson: "bounded_queue",
        version: "full-then-put",
        task: "Write `try_put`: the queue never holds more items than its capacity.",
        hints: &[
            "Two producers can both see room for one item.",
            "Check for room and put the item while you hold one guard.",
        ],
    },
    Exercise {
        lesson: "bounded_queue",
        version: "drops-on-timeout",
        task: "Write `put_timeout`: an item that finds no room in time comes back.",
        hints: &[
            "Where is the item after the timeout? No thread has it.",
            "Both errors have a place for the item: `SendTimeoutError::Timeout(Some(item))` and \
             `SendTimeoutError::Disconnected(Some(item))`.",
        ],
    },
    Exercise {
        lesson: "bread_queue",
        version: "looks-then-takes",
        task: "Let customers go home when no more bread will come, whatever other customers do.",
        hints: &[
            "What may happen after a customer has checked the queue, and before `get`?",
            "Only the queue itself can wake a customer who waits in `get`.",
            "The last baker closes the queue; customers get bread until `get` returns an error.",
        ],
    },
    Exercise {
        lesson: "bounded_queue",
        version: "times-out-yet-takes",
        task: "Write `get_timeout`: a timeout that comes with an item must not lose the item.",
        hints: &[
            "An item can come between the timeout and the lock.",
            "Check for an item first. Report the timeout only if there is none.",
        ],
    },
    Exercise {
        lesson: "bounded_queue",
        version: "one-condvar-notify-one",
        task: "Wake the right thread: a producer must not sleep while there is room.",
        hints: &[
            "Which threads wait on `changed`, and which of them can go on?",
            "`notify_one` may wake a thread whose condition is still false. It sleeps again, and \
             no other thread is notified.",
            "Notify all, or use a condition variable for each of the two conditions.",
        ],
    },
    Exercise {
        lesson: "bounded_queue",
        version: "one-condvar-notify-two",
        task: "Wake the right thread, however many threads wait.",
        hints: &[
            "With four consumers, which threads can the two woken ones be?",
            "No number of `notify_one` is enough while both kinds of threads wait on `changed`.",
            "Notify all, or use a condition variable for each of the two conditions.",
        ],
    },
    Exercise {
        lesson: "ticket_lock",
        version: "torn-ticket",
        task: "Let one thread at a time into the lock: no two threads may draw the same number.",
        hints: &[
            "Another thread can draw between the load and the store.",
            "Draw with one read-modify-write operation: `fetch_add`.",
        ],
    },
    Exercise {
        lesson: "ticket_lock",
        version: "forgets-to-serve",
        task: "Write `try_lock`: a thread that gives up must not leave a number behind.",
        hints: &[
            "Which thread calls the next number after a number that no thread waits for?",
            "Draw a number only if it is the one being served.",
            "`compare_exchange` of `next` from the number served to the one after it.",
        ],
    },
    Exercise {
        lesson: "ticket_lock",
        version: "barges-in",
        task: "Serve threads in the order in which they drew their numbers.",
        hints: &[
            "What is the number used for after it was drawn?",
            "Keep the number that is being served in a second atomic, and wait until it is yours.",
            "`unlock` calls the next number with a Release store; `lock` waits with Acquire loads; \
             `try_lock` may draw only the number that is being served.",
        ],
    },
    Exercise {
        lesson: "ticket_lock",
        version: "relaxed-unlock",
        task: "Publish to the next holder everything that this holder wrote.",
        hints: &[
            "The story names the accesses that nothing orders. What would order them?",
            "A store publishes what its thread did before only with Release.",
        ],
    },
    Exercise {
        lesson: "ticket_lock",
        version: "relaxed-wait",
        task: "Let a holder see everything that the holder before it wrote.",
        hints: &[
            "The store in `unlock` publishes what its thread wrote. Which load must receive it?",
            "A load receives what a Release store publishes only with Acquire, in `try_lock` too.",
        ],
    },
    Exercise {
        lesson: "ticket_lock",
        version: "wakes-the-wrong-one",
        task: "Wake the thread whose number is called, however many threads wait.",
        hints: &[
            "`notify_one` wakes any thread that waits. What does it do if its number is not called?",
            "Every waiting thread must check the number: `notify_all`.",
        ],
    },
];
