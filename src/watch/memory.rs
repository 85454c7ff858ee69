//! How much memory the process uses, on systems that say so in `/proc`.

use std::fs::read_to_string;

const GIB: u64 = 1 << 30;

/// In bytes.
#[derive(Clone, Copy)]
pub(super) struct Usage {
    resident: u64,
    reserved: u64,
}

impl Usage {
    pub(super) fn now() -> Option<Self> {
        let status = read_to_string("/proc/self/status").ok()?;
        Some(Self {
            resident: bytes(&status, "VmRSS:")?,
            reserved: bytes(&status, "VmSize:")?,
        })
    }

    /// How much more this is than it was before, if it is so much that it would soon be
    /// all there is.
    pub(super) fn too_much_since(self, before: Self) -> Option<u64> {
        let resident = self.resident.saturating_sub(before.resident);
        let reserved = self.reserved.saturating_sub(before.reserved);
        let system = read_to_string("/proc/meminfo").ok()?;
        let was_available = bytes(&system, "MemAvailable:")?.saturating_add(resident);
        let is_too_much = resident > GIB.min(was_available / 4) || reserved > 64 * GIB;
        is_too_much.then(|| resident.max(reserved))
    }
}

/// The number in that line: such files count in units of 1024 bytes.
fn bytes(text: &str, line: &str) -> Option<u64> {
    let rest = text.lines().find_map(|other| other.strip_prefix(line))?;
    let number: u64 = rest.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(number * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_in_its_line() {
        let text = "VmPeak:\t  999 kB\nVmSize:\t  123 kB\nThreads:\t4\n";
        assert_eq!(bytes(text, "VmSize:"), Some(123 * 1024));
        assert_eq!(bytes(text, "Threads:"), None);
        assert_eq!(bytes(text, "VmRSS:"), None);
    }

    #[test]
    fn a_gibibyte_or_64_reserved_are_too_much() {
        let Some(now) = Usage::now() else { return };
        let more = |resident, reserved| {
            let more = Usage {
                resident: now.resident + resident,
                reserved: now.reserved + reserved,
            };
            more.too_much_since(now)
        };
        assert!(now.resident > 0 && now.resident < now.reserved);
        assert_eq!(more(1 << 20, 64 * GIB), None);
        assert_eq!(more(GIB + 1, GIB + 1), Some(GIB + 1));
        assert_eq!(more(1 << 20, 65 * GIB), Some(65 * GIB));
        assert_eq!(now.too_much_since(now), None);
    }
}
