// expect: unseen: std::thread
// exercise: join/reads-before-join
use racecourse::lessons::join::Sum;

pub struct Answer;

impl Sum for Answer {
    fn x(a: i64, b: i64) -> i64 {
        std::thread::spawn(move || a.checked_add(b).unwrap()).join().unwrap()
    }
}
