//! Memory that the scene allocates and frees by itself.
//!
//! A block is an object without a handle: it is found by its address. Objects that lie in a
//! block live as long as the block. To free a block is like the destruction of an object
//! (see [`freed`](super::freed)), and all that threads have done in it must happen before.
//!
//! The memory of a block that is freed stays as it is until the next execution begins, so
//! that nothing else lies there when it is used once more.

use super::abort::unwinding;
use super::blocks::{ALLOCATION, Block, Uses};
use super::failure::{Failure, Wrong, WrongFree};
use super::freed::Destroyed;
use super::object::Spot;
use super::run::{Execution, try_with, with};
use super::schedule::{point, try_point};
use super::thread::Next;
use super::trace::{Names, Record};
use crate::engine::access::Kind;
use crate::engine::hash::word;
use crate::engine::ids::{At, ObjectId};
use std::alloc::Layout;

/// The memory there is allocated, with that layout.
pub(crate) fn allocated(memory: *mut u8, layout: Layout, at: At) {
    if memory.is_null() {
        return;
    }
    let allocates = |x: &mut Execution| x.allocates(memory.expose_provenance(), layout, at);
    match unwinding() {
        true => _ = try_with(allocates),
        false => with(allocates),
    }
}

/// The scene frees that memory.
pub(crate) fn frees(memory: *mut u8, layout: Layout, at: At) {
    if unwinding() {
        try_with(|x| x.frees(memory.addr(), layout, x.can_be_seen(), at));
        return;
    }
    let can_be_seen = with(|x| x.can_be_seen()) && try_point(Next::Runs);
    if with(|x| x.frees(memory.addr(), layout, can_be_seen, at)) {
        point(Next::Never);
    }
}

impl Execution {
    fn allocates(&mut self, address: usize, layout: Layout, at: At) {
        let location = self.new_location(const { word(ALLOCATION) });
        let (object, _) = self.objects.add::<Uses>(ALLOCATION, Spot::at(location));
        self.objects[object].made_at = Some(at);
        // What the scene has freed in another way.
        self.blocks.retain(|block| !block.contains(address));
        self.blocks.push(Block {
            address,
            layout,
            object,
            is_freed: false,
        });
    }

    /// The freed block in which that address lies.
    pub(super) fn in_freed_block(&self, address: usize) -> Option<ObjectId> {
        let mut blocks = self.blocks.iter();
        let block = blocks.find(|block| block.contains(address))?;
        block.is_freed.then_some(block.object)
    }

    /// The running thread begins to use the object, which lies there.
    #[inline]
    pub(super) fn lies_at(&mut self, object: ObjectId, address: usize) {
        if !self.blocks.is_empty() && self.objects[object].state.lies_in_one_place() {
            let mut blocks = self.blocks.iter();
            let block = blocks.find(|block| block.contains(address));
            self.objects[object].block = block.map(|block| block.object);
        }
    }

    /// The running thread has used that object.
    #[inline]
    pub(super) fn uses_block_of(&mut self, object: ObjectId, at: At) {
        if let Some(block) = self.objects[object].block {
            self.accesses_block(block, Kind::Read, at);
        }
    }

    fn accesses_block(&mut self, block: ObjectId, kind: Kind, at: At) {
        let second = self.access_now(kind, at);
        let clock = &self.threads[self.current].views.past.clock;
        let uses: &mut Uses = self.objects.state(block);
        if let Some(first) = uses.0.add(second, clock) {
            self.races(block, first, second);
        }
    }

    /// Frees the block at that address; returns whether that is wrong.
    fn frees(&mut self, address: usize, layout: Layout, can_be_seen: bool, at: At) -> bool {
        let mut blocks = self.blocks.iter_mut();
        let Some(block) = blocks.find(|block| block.address == address) else {
            return self.frees_wrongly(Wrong::Unallocated, None, Some(at));
        };
        let (object, allocated) = (block.object, block.layout);
        if block.is_freed {
            return self.frees_wrongly(Wrong::Twice, Some(object), Some(at));
        }
        if allocated != layout {
            let wrong = Wrong::Layout {
                allocated,
                freed: layout,
            };
            return self.frees_wrongly(wrong, Some(object), Some(at));
        }
        block.is_freed = true;
        let destroyed = Destroyed {
            by: self.current,
            at: Some(at),
            is_call: true,
            record: self.trace.next(),
        };
        self.ends_life(object, destroyed, can_be_seen);
        if can_be_seen {
            self.accesses_block(object, Kind::Destroy, at);
        }
        false
    }

    pub(super) fn frees_wrongly(
        &mut self,
        how: Wrong,
        object: Option<ObjectId>,
        at: Option<At>,
    ) -> bool {
        if self.is_aborted() {
            return false;
        }
        let (by, last) = (self.current, self.trace.last_of(self.current));
        let last = last.map(|record| record.at);
        let here = at.or(last).unwrap_or(std::panic::Location::caller());
        let tell = |record: &Record, names: &dyn Names| match record.object {
            Some(_) => format!("frees {}", names.object_of(record)),
            None => "frees what was never allocated".to_owned(),
        };
        self.misuses_freed(object, const { word("wrong free") }, here, tell);
        self.fails(Failure::WrongFree(WrongFree {
            how,
            object,
            by,
            at: here,
            is_call: at.is_some(),
        }));
        true
    }
}
