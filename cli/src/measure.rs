//! Processor time and memory of this process.

use std::time::Instant;

/// Wall and processor time from here on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: f64,
}

/// What a [`Stopwatch`] read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lap {
    /// Wall seconds.
    pub(crate) wall: f64,
    /// Processor seconds of all threads together.
    pub(crate) cpu: f64,
}

impl Stopwatch {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_seconds() }
    }

    /// Time since the start.
    pub(crate) fn lap(&self) -> Lap {
        Lap { wall: self.wall.elapsed().as_secs_f64(), cpu: cpu_seconds() - self.cpu }
    }
}

/// Linux counts in hundredths of a second here, on every architecture that this runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor seconds of this process so far, user and system; 0 where the system does not say.
fn cpu_seconds() -> f64 {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return 0.0 };
    // The program's name comes second, in parentheses, and may contain anything.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |index| after_name.split_whitespace().nth(index).and_then(|n| n.parse::<f64>().ok());
    match (ticks(11), ticks(12)) {
        (Some(user), Some(system)) => (user + system) / TICKS_PER_SECOND,
        _ => 0.0,
    }
}

/// Forgets the peak of resident memory so far. False where the system cannot do that.
pub(crate) fn reset_peak_memory() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// Peak of resident memory in megabytes (2^20 bytes) since the last reset.
pub(crate) fn peak_memory_megabytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn work_takes_processor_time() {
        let watch = Stopwatch::start();
        let mut sum = 0u64;
        while watch.wall.elapsed().as_millis() < 60 {
            sum = sum.wrapping_add(std::hint::black_box(1));
        }
        assert!(std::hint::black_box(sum) > 0);
        let lap = watch.lap();
        assert!(lap.wall >= 0.06);
        assert!(lap.cpu > 0.0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_grows() {
        assert!(reset_peak_memory());
        let before = peak_memory_megabytes().unwrap();
        let block = std::hint::black_box(vec![1u8; 64 << 20]);
        assert!(peak_memory_megabytes().unwrap() > before + 32.0);
        drop(block);
    }
}
