//! Fast hashing of words, and maps whose keys are such hashes.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// One word out of two: a multiplication to twice the width, folded.
#[inline]
pub(crate) const fn mix(a: u64, b: u64) -> u64 {
    fold(a ^ 0x9E37_79B9_7F4A_7C15, b ^ 0xD1B5_4A32_D192_ED03)
}

#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let wide = (a as u128) * (b as u128);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// The same word for the same text, known when it is compiled.
pub(crate) const fn word(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = 0xCBF2_9CE4_8422_2325;
    let mut at = 0;
    while at < bytes.len() {
        hash = mix(hash, bytes[at] as u64);
        at += 1;
    }
    hash
}

/// Two independent words out of the same words, so that two different sums of such
/// names are never taken for the same.
#[inline]
pub(crate) fn name(words: [u64; 4]) -> u128 {
    let [a, b, c, d] = words;
    let one = mix(mix(a, b), mix(c, d));
    let other = fold(
        fold(a ^ 0xA076_1D64_78BD_642F, c ^ 0xE703_7ED1_A0B4_28DB),
        fold(b ^ 0x8EBC_6AF0_9C88_C6E3, d ^ 0x5899_65CC_7537_4CC3) ^ one.rotate_left(32),
    );
    u128::from(one) << 64 | u128::from(other)
}

/// A map whose keys are hashes already.
pub(crate) type Hashed<K, V> = HashMap<K, V, BuildHasherDefault<Take>>;
/// A set of hashes.
pub(crate) type HashedSet<K> = HashSet<K, BuildHasherDefault<Take>>;

/// Takes a hash as it is.
#[derive(Default)]
pub(crate) struct Take(u64);

impl Hasher for Take {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = mix(self.0, u64::from(byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    #[inline]
    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_name_makes_a_difference() {
        let mut names = HashSet::new();
        for place in 0..4 {
            for value in 1..1_000 {
                let mut words = [7; 4];
                words[place] = value + 7;
                let whole = name(words);
                assert!(names.insert(whole));
                assert!(names.insert(whole >> 64), "the upper half");
                assert!(names.insert(u128::from(whole as u64)), "the lower half");
            }
        }
    }

    #[test]
    fn the_order_of_words_makes_a_difference() {
        assert_ne!(mix(1, 2), mix(2, 1));
        assert_ne!(name([1, 2, 3, 4]), name([2, 1, 3, 4]));
        assert_ne!(name([1, 2, 3, 4]), name([3, 4, 1, 2]));
        assert_ne!(word("lock"), word("unlock"));
    }
}
