//! Work for one helper alone, waiting to be taken.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Work for one helper alone.
pub type Task = Box<dyn FnOnce() + Send>;

/// Tasks that no helper has taken.
#[derive(Default)]
pub(super) struct Tasks {
    list: Mutex<Vec<Task>>,
    /// How many there are, to be seen without the lock.
    count: AtomicUsize,
}

impl Tasks {
    pub fn offer(&self, task: Task) {
        let mut list = self.list();
        list.push(task);
        self.count.store(list.len(), Ordering::SeqCst);
    }

    pub fn take(&self) -> Option<Task> {
        if self.count.load(Ordering::SeqCst) == 0 {
            return None;
        }
        let mut list = self.list();
        let task = list.pop();
        self.count.store(list.len(), Ordering::SeqCst);
        task
    }

    fn list(&self) -> MutexGuard<'_, Vec<Task>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
