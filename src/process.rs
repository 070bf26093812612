//! The resources that this process uses, and those that it may use.

use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

/// The memory limit to assume if the system does not report one, in bytes.
const FALLBACK_MEMORY: u64 = 512 << 20;

/// The limit of open files to assume if the system does not report one.
const FALLBACK_FILES: usize = 1_024;

/// The resources that the process uses at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    /// User and system CPU time, in seconds.
    pub cpu_seconds: f64,
    /// Resident memory, in bytes.
    pub resident_bytes: u64,
    /// Address space, in bytes.
    pub virtual_bytes: u64,
    /// Open file descriptors, including connections; `None` if the system does not report them.
    pub open_fds: Option<usize>,
    /// The limit of open file descriptors.
    pub max_fds: Option<usize>,
    /// Start time, in seconds since 1970.
    pub started: u64,
}

/// The current usage of this process; `None` if the system does not report it.
#[must_use]
pub(crate) fn usage() -> Option<Usage> {
    let (system, pid) = this(ProcessRefreshKind::nothing().with_cpu().with_memory())?;
    let process = system.process(pid)?;
    let cpu = std::time::Duration::from_millis(process.accumulated_cpu_time());
    Some(Usage {
        cpu_seconds: cpu.as_secs_f64(),
        resident_bytes: process.memory(),
        virtual_bytes: process.virtual_memory(),
        open_fds: process.open_files(),
        max_fds: process.open_files_limit(),
        started: process.start_time(),
    })
}

/// The resources that this process may use. `default()` returns the values to assume if the system does not report them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessLimits {
    /// Memory, in bytes: the limit of its cgroup (version 1 or 2), else the machine's memory.
    pub memory: u64,
    /// The maximum number of open files, including connections.
    pub files: usize,
}

impl Default for ProcessLimits {
    fn default() -> Self {
        Self {
            memory: FALLBACK_MEMORY,
            files: FALLBACK_FILES,
        }
    }
}

impl ProcessLimits {
    /// The limits of this process.
    #[must_use]
    pub fn read() -> Self {
        Self {
            memory: memory_limit(),
            files: file_limit(),
        }
    }
}

fn memory_limit() -> u64 {
    let container = this(ProcessRefreshKind::nothing())
        .and_then(|(system, pid)| Some(system.process(pid)?.cgroup_limits()?.total_memory));
    let machine = || {
        let memory = MemoryRefreshKind::nothing().with_ram();
        let system = System::new_with_specifics(RefreshKind::nothing().with_memory(memory)).ok()?;
        Some(system.total_memory())
    };
    let limit = container.or_else(machine).filter(|bytes| *bytes > 0);
    limit.unwrap_or_else(|| {
        tracing::warn!(
            assumed_bytes = FALLBACK_MEMORY,
            "the system does not report its memory limit: set MAX_IN_FLIGHT_BYTES"
        );
        FALLBACK_MEMORY
    })
}

fn file_limit() -> usize {
    let limit = this(ProcessRefreshKind::nothing())
        .and_then(|(system, pid)| system.process(pid)?.open_files_limit());
    limit.unwrap_or(FALLBACK_FILES)
}

/// A view of the system that contains only this process, without its threads, with the requested parts refreshed.
fn this(refresh: ProcessRefreshKind) -> Option<(System, Pid)> {
    let (mut system, pid) = (System::new().ok()?, sysinfo::get_current_pid().ok()?);
    let only = ProcessesToUpdate::Some(&[pid]);
    system.refresh_processes_specifics(only, false, refresh.without_tasks());
    Some((system, pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_what_it_uses() {
        let usage = usage().unwrap();
        assert!(usage.resident_bytes > 1 << 20, "{usage:?}");
        assert!(usage.virtual_bytes >= usage.resident_bytes, "{usage:?}");
        // At least standard input, output and error.
        assert!(usage.open_fds.unwrap() >= 3, "{usage:?}");
        assert!(usage.max_fds.unwrap() >= usage.open_fds.unwrap());
        assert!(usage.started > 1_700_000_000, "{usage:?}");
    }

    #[test]
    fn the_memory_limit_is_no_more_than_the_machine_has() {
        let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap();
        let total = meminfo.split_whitespace().nth(1).unwrap();
        let machine = total.parse::<u64>().unwrap() * 1024;
        let limit = memory_limit();
        assert!(limit > 1 << 20 && limit <= machine, "{limit} of {machine}");
    }
}
