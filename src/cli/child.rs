//! The parts that are played in processes of their own.

use crate::processes::drill::drill;
use crate::programs::{ROLES, Role, Stop};

/// The role that tests the links between processes.
const DRILL: (&str, Role) = ("drill", drill);

pub(super) fn play(role: &str) -> Result<(), Stop> {
    let Some((_, play)) = ROLES.iter().chain([&DRILL]).find(|(name, _)| *name == role) else {
        return Err(Stop::usage(format!(
            "there is no role '{}'",
            role.escape_debug()
        )));
    };
    play().map_err(|error| Stop::usage(format!("as a child, {role}: {error}")))
}
