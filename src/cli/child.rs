//! The parts that are played in processes of their own.

use super::repeat;
use crate::lessons::{Stop, own_globals, process_pool, process_queue};
use crate::processes::drill::drill;
use std::io;

/// What plays a role, until its parent has no more to say.
type Role = fn() -> io::Result<()>;

/// Every role, by the name under which parents [spawn](crate::processes::real) it.
const ROLES: &[(&str, Role)] = &[
    ("drill", drill),
    (repeat::ROLE, repeat::player),
    (own_globals::os::ROLE, own_globals::os::adder),
    (process_queue::os::PRODUCER, process_queue::os::producer),
    (process_queue::os::CONSUMER, process_queue::os::consumer),
    (process_pool::os::ROLE, process_pool::os::worker),
];

pub(super) fn play(role: &str) -> Result<(), Stop> {
    let Some((_, play)) = ROLES.iter().find(|(name, _)| *name == role) else {
        return Err(Stop::usage(format!(
            "there is no role '{}'; racecourse starts its children itself",
            role.escape_debug()
        )));
    };
    play().map_err(|error| Stop::usage(format!("as a child, {role}: {error}")))
}
