//! Where the accesses to an object go.

use super::abort::unwinding;
use super::object::Spot;
use super::run::Execution;
use crate::engine::hash::mix;
use crate::engine::search::Reduction;

impl Execution {
    /// A location for an object. The running thread will pass a schedule point, and then use
    /// the object for the first time. (In executions with the same prefix, threads reach their
    /// next schedule points in the same order, so the object has the same location.)
    pub(super) fn new_spot(&mut self, class: u64) -> Spot {
        self.begins_object = self.can_be_seen();
        let number = self.classes.entry(class).or_default();
        let location = mix(class, *number);
        *number += 1;
        let is_alone = *number == 1;
        // A thread that unwinds passes no schedule point: which object comes first may be
        // another if the same prefix goes on otherwise.
        if unwinding() && !self.is_aborted() {
            self.unwinding_classes.push(class);
            self.search.accesses_something_new();
        }
        // With a bound, nothing more is left out than the search knows to be the same.
        let is_bounded = self.needs.reduction.is_bounded();
        if !is_alone && self.unwinding_classes.contains(&class) && !is_bounded {
            self.needs.reduction = Reduction::None;
        }
        Spot { location, class }
    }
}
