//! Places for workers, where a worker is a thread of the model.

use super::answers::Answer;
use super::lesson::{Goes, Job};
use super::right::work;
use crate::narrate;
use crate::processes::modelled::{Immortal, Mortal, pair};
use crate::processes::{Gone, Link, TimedOutOrGone};
use crate::sync::mpsc::{Receiver, Sender, channel};
use crate::sync::{Arc, Named, rest};
use std::io;
use std::time::Duration;

/// What each place's process plays, again and again: a child's end of its link, and
/// what is hung up
/// when it is killed, for who would not see it.
pub(super) type Incarnation = (Mortal<Answer<usize>, Job>, Option<Receiver<()>>);

/// The parent's end of a link to a process of the model. To drop it is to kill it.
pub(super) struct Worker {
    link: Immortal<Job, Answer<usize>>,
    _life: Option<Sender<()>>,
    _place: Arc<()>,
}

impl Link<Job, Answer<usize>> for Worker {
    #[track_caller]
    fn send(&mut self, job: Job) -> Result<(), Gone<Job>> {
        self.link.send(job)
    }

    #[track_caller]
    fn receive(&mut self) -> Result<Answer<usize>, Gone> {
        self.link.receive()
    }

    #[track_caller]
    fn receive_timeout(&mut self, patience: Duration) -> Result<Answer<usize>, TimedOutOrGone> {
        self.link.receive_timeout(patience)
    }

    #[track_caller]
    fn close(&mut self) {
        self.link.close();
    }
}

/// Where processes are started, and the thread that plays them.
pub(super) fn place(
    [to, from, start]: [&'static str; 3],
    endless: bool,
) -> (
    impl FnMut() -> io::Result<Worker> + Send + 'static,
    Receiver<Incarnation>,
) {
    let (play, incarnations) = channel();
    let play = play.named(start);
    let place = Arc::new(());
    let hire = move || {
        assert_eq!(Arc::strong_count(&place), 1, "two processes in one place");
        let (link, end) = pair(to, from);
        let (life, killed) = match endless {
            true => {
                let (life, killed) = channel();
                (Some(life.named("life")), Some(killed))
            }
            false => (None, None),
        };
        // Nobody is there only when the scene is given up.
        let _ = play.send((end, killed));
        Ok(Worker {
            link,
            _life: life,
            _place: Arc::clone(&place),
        })
    };
    (hire, incarnations)
}

/// One process after another: what they did, or began.
pub(super) fn processes(incarnations: &Receiver<Incarnation>) -> Vec<usize> {
    let mut done = Vec::new();
    for (mut parent, killed) in incarnations.iter() {
        work(&mut parent, |job: Job| {
            narrate!("does {job}");
            done.push(job.number);
            rest();
            match job.goes {
                Goes::Well => Ok(job.value()),
                Goes::Wrong => Err(job.message()),
                Goes::Mad => panic!("{}", job.message()),
                Goes::On => {
                    let _ = killed.as_ref().map(Receiver::recv);
                    Err("killed".to_owned())
                }
            }
        });
    }
    done
}
