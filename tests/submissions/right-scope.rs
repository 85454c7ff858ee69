// expect: proved
// exercise: join/trusts-the-wake-up
use racecourse::lessons::join::Sum;
use racecourse::sync::thread;

pub struct Answer;

impl Sum for Answer {
    fn x(a: i64, b: i64) -> i64 {
        let mut x = 10;
        thread::scope(|scope| {
            scope.spawn(|| x = a.checked_add(b).unwrap());
        });
        x
    }
}
