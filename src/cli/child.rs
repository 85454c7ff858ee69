//! The parts that are played in processes of their own.

use super::repeat;
use crate::processes::drill::drill;
use crate::programs::{ROLES, Role, Stop};

/// The roles that belong to no program: one tests the links between processes, the other
/// plays a scene again and again.
const OTHERS: &[(&str, Role)] = &[("drill", drill), (repeat::ROLE, repeat::player)];

pub(super) fn play(role: &str) -> Result<(), Stop> {
    let Some((_, play)) = ROLES.iter().chain(OTHERS).find(|(name, _)| *name == role) else {
        return Err(Stop::usage(format!(
            "there is no role '{}'; racecourse starts its children itself",
            role.escape_debug()
        )));
    };
    play().map_err(|error| Stop::usage(format!("as a child, {role}: {error}")))
}
