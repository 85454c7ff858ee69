//! Thread-local values: what `thread_local!` keeps for a thread of the execution.

use std::any::Any;
use std::mem::take;
use std::rc::Rc;

/// The address of a `static` of `thread_local!`.
type Key = usize;

/// `None`: its destructor has begun.
type Values = Vec<(Key, Option<Rc<dyn Any>>)>;

/// The values of one thread, in the order in which they were made.
#[derive(Default)]
pub(crate) struct Locals {
    values: Values,
    /// Those of the scene's thread, while it plays the part of an actor.
    outer: Vec<Values>,
}

/// A value, as a thread finds it.
pub(crate) enum Local {
    Unmade,
    Made(Rc<dyn Any>),
    Destroyed,
}

impl Locals {
    pub(crate) fn find(&self, key: Key) -> Local {
        match self.values.iter().find(|&&(other, _)| other == key) {
            None => Local::Unmade,
            Some((_, Some(value))) => Local::Made(Rc::clone(value)),
            Some((_, None)) => Local::Destroyed,
        }
    }

    /// Adds a value. The one that was there, if its initializer has made one too.
    pub(crate) fn add(&mut self, key: Key, value: Rc<dyn Any>) -> Option<Rc<dyn Any>> {
        match self.values.iter_mut().find(|(other, _)| *other == key) {
            Some((_, there)) => there.replace(value),
            None => {
                self.values.push((key, Some(value)));
                None
            }
        }
    }

    /// The next value to destroy.
    pub(super) fn take(&mut self) -> Option<Rc<dyn Any>> {
        self.values.iter_mut().find_map(|(_, value)| value.take())
    }

    /// The thread plays the part of an actor, which has values of its own.
    pub(super) fn begin_part(&mut self) {
        self.outer.push(take(&mut self.values));
    }

    pub(super) fn end_part(&mut self) {
        self.values = self.outer.pop().unwrap_or_default();
    }

    /// For another execution. One that was abandoned has left its values: what they own may
    /// be in use.
    #[inline]
    pub(super) fn forget(&mut self) {
        if self.values.is_empty() && self.outer.is_empty() {
            return;
        }
        let outer = self.outer.drain(..).flatten();
        outer
            .chain(self.values.drain(..))
            .for_each(std::mem::forget);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise every execution would leak them.
    #[test]
    fn buffers_stay_for_another_execution() {
        let mut locals = Locals::default();
        locals.begin_part();
        locals.end_part();
        locals.add(1, Rc::new(7));
        drop(locals.take());
        let buffers = |locals: &Locals| (locals.values.capacity(), locals.outer.capacity());
        let before = buffers(&locals);
        locals.forget();
        assert_eq!(buffers(&locals), before);
        assert!(matches!(locals.find(1), Local::Unmade));
    }
}
