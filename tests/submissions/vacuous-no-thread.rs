// expect: vacuous: starts no thread
// exercise: join/poisoned-and-stuck
use racecourse::lessons::join::Sum;

pub struct Answer;

impl Sum for Answer {
    fn x(a: i64, b: i64) -> i64 {
        a.checked_add(b).expect("the sum fits")
    }
}
