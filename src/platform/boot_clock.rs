//! The clock that runs on while the machine is suspended, unlike the steady clock.

use std::time::Duration;

/// How long the machine has been up, including the time in which it was suspended. `None` if the operating system has
/// no such clock.
#[cfg(target_os = "linux")]
pub fn uptime() -> Option<Duration> {
    rustix::time::clock_gettime(rustix::time::ClockId::Boottime).try_into().ok()
}

/// `None`: only Linux has this clock.
#[cfg(not(target_os = "linux"))]
pub fn uptime() -> Option<Duration> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_uptime_that_the_kernel_reports() {
        let reported = std::fs::read_to_string("/proc/uptime").expect("a file");
        let reported: f64 = reported.split(' ').next().expect("a number").parse().expect("a number");
        let difference = uptime().expect("a clock").as_secs_f64() - reported;
        assert!((-0.02..10.0).contains(&difference), "{difference}");
    }
}
