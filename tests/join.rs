//! The join, with real threads.

use racecourse::explorer::report::Grade;
use racecourse::lessons::join::right::JoinsThenReads;
use racecourse::lessons::join::{Sum, judge};

#[test]
fn x_is_2_always() {
    for _ in 0..500 {
        assert_eq!(JoinsThenReads::x(1, 1), 2);
    }
}

#[test]
fn sums_do_not_disturb_each_other() {
    std::thread::scope(|threads| {
        for a in 0..4 {
            threads.spawn(move || {
                for b in 0..100 {
                    assert_eq!(JoinsThenReads::x(a, b), a + b);
                }
            });
        }
    });
}

#[test]
#[should_panic(expected = "the adder does its sum")]
fn an_adder_that_fails_is_heard() {
    JoinsThenReads::x(i64::MAX, 1);
}

#[test]
fn only_2_is_promised() {
    assert_eq!(judge(2).grade, Grade::Promised);
    assert_eq!(judge(10).grade, Grade::Forbidden);
    assert_eq!(judge(11).grade, Grade::Forbidden);
}
