//! The stack of the running coroutine, reduced to a number.
//!
//! A thread whose stack is the same as before, from the frame of the caller to the base,
//! and whose callee-saved registers are the same, is at the same place with the same
//! local variables: it does the same as before until something that it reads is
//! different.

/// A hash of the caller's frame, of all frames above it, and of the registers that
/// belong to the caller. `None` where the processor is not one that this file knows.
///
/// It must be called from the frame of the code under test: whatever calls it is
/// `#[inline(always)]`. What else is called from there is `#[inline(never)]`, or its
/// own variables would be taken for the caller's.
#[inline(always)]
pub(crate) fn snapshot() -> Option<u64> {
    #[cfg(all(target_arch = "x86_64", not(windows)))]
    return Some(stack_hash());
    #[cfg(not(all(target_arch = "x86_64", not(windows))))]
    None
}

/// Pushes the callee-saved registers before any prologue can use them, and hashes them
/// with the stack from the return address on: that tells where in an unrolled loop the
/// caller is.
#[cfg(all(target_arch = "x86_64", not(windows)))]
#[unsafe(naked)]
extern "C" fn stack_hash() -> u64 {
    core::arch::naked_asm!(
        "push r15",
        "push r14",
        "push r13",
        "push r12",
        "push rbp",
        "push rbx",
        // The call below needs a stack that is aligned to 16 bytes.
        "sub rsp, 8",
        "lea rdi, [rsp + 8]",
        "call {hash}",
        "add rsp, 8",
        "pop rbx",
        "pop rbp",
        "pop r12",
        "pop r13",
        "pop r14",
        "pop r15",
        "ret",
        hash = sym hash_from
    )
}

/// Hashes the words from there to the base of the running coroutine's stack.
#[cfg(all(target_arch = "x86_64", not(windows)))]
extern "C" fn hash_from(registers: *const u64) -> u64 {
    let base = super::running::running().map_or(0, |running| running.base) as *const u64;
    let mut hash = 0;
    let mut word = registers;
    while word < base {
        // SAFETY: `stack_hash` passes an address on the stack of the running coroutine,
        // and `base` is where that stack ends: what lies between is mapped and aligned,
        // and nothing else runs meanwhile. It is read as bytes that may be anything.
        let value = unsafe { word.read_volatile() };
        hash = add(hash, value);
        word = word.wrapping_add(1);
    }
    hash
}

/// Whatever the word is, two different hashes stay different: each step can be undone.
/// ([`mix`](crate::engine::hash::mix) loses what came before if the next word is one of its
/// own constants, and those lie on stacks.)
#[cfg(all(target_arch = "x86_64", not(windows)))]
const fn add(hash: u64, word: u64) -> u64 {
    let hash = (hash ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash ^ (hash >> 32)
}

#[cfg(all(test, target_arch = "x86_64", not(windows)))]
mod tests {
    use super::super::tests::started;
    use super::*;
    use crate::engine::coroutine::{Stacks, Suspend};
    use std::cell::Cell;
    use std::hint::black_box;
    use std::rc::Rc;

    /// The snapshots that `body` takes in a coroutine.
    fn taken(body: impl Fn(&dyn Fn(Option<u64>)) + 'static) -> Vec<u64> {
        let taken = Rc::new(Cell::new(Vec::new()));
        let keeps = Rc::clone(&taken);
        let mut stacks = Stacks::new(64 * 1024);
        let body = move |_: &Suspend| {
            body(&|snapshot| {
                let mut all = keeps.take();
                all.extend(snapshot);
                keeps.set(all);
            });
        };
        assert!(started(&mut stacks, body).resume("a"));
        taken.take()
    }

    /// Counts on the heap, where nobody looks.
    #[inline(never)]
    fn is_left(left: &Cell<usize>) -> bool {
        left.set(left.get().wrapping_sub(1));
        left.get() != usize::MAX
    }

    #[test]
    fn a_loop_without_a_counter_looks_the_same_each_time() {
        let all = taken(|keep| {
            let keep = black_box(keep);
            let left = Box::new(Cell::new(5));
            while is_left(&left) {
                keep(snapshot());
            }
        });
        assert_eq!(all.len(), 5);
        assert!(all.iter().all(|&one| one == all[0]), "{all:?}");
    }

    #[test]
    fn a_counter_on_the_stack_makes_a_difference() {
        let all = taken(|keep| {
            let keep = black_box(keep);
            for count in 0..5 {
                keep(snapshot());
                black_box(count);
            }
        });
        let different: std::collections::HashSet<u64> = all.iter().copied().collect();
        assert_eq!(different.len(), 5, "{all:?}");
    }

    /// As in an unrolled loop: only the return address differs.
    #[test]
    fn the_place_in_the_code_makes_a_difference() {
        let all = taken(|keep| {
            keep(snapshot());
            keep(snapshot());
        });
        assert_ne!(all[0], all[1]);
    }

    #[test]
    fn no_word_hides_those_before_it() {
        for word in [0, 1, u64::MAX, 0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03] {
            assert_ne!(add(add(0, 1), word), add(add(0, 2), word), "{word:x}");
        }
    }
}
