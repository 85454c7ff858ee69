// expect: proved
// exercise: join/reads-before-join
use racecourse::lessons::join::Sum;
use racecourse::sync::thread;

pub struct Answer;

impl Sum for Answer {
    fn x(a: i64, b: i64) -> i64 {
        let adder = thread::spawn(move || a.checked_add(b).expect("the sum fits"));
        match adder.join() {
            Ok(sum) => sum,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}
