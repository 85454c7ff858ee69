//! The door in the std build, which has no engine and cannot explore.

use super::options::{NotTheModel, Options};
use super::report::{Exploration, Judged};
use super::states::Graph;
use std::sync::Arc;

pub(super) fn explore(
    _: Options,
    _: Arc<dyn Fn() -> Judged + Send + Sync>,
) -> Result<Exploration, NotTheModel> {
    Err(NotTheModel)
}

pub(super) fn graph(
    _: Options,
    _: usize,
    _: Arc<dyn Fn() -> Judged + Send + Sync>,
) -> Result<Graph, NotTheModel> {
    Err(NotTheModel)
}
