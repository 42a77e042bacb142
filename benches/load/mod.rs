//! Load for what is compared: two servers in this process, asked in alternating pairs by the same thin clients.
//!
//! Server and clients share this machine, the clients on a thread of their own. They are as thin as can be (a written
//! request, a read answer), so that little of the measured time is theirs.

use std::io::Write as _;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use traffic_simulator::server::connections::Bounds;
use traffic_simulator::server::serve;

/// The allocator of the program, so that the same is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many connections the clients keep busy.
pub(crate) const CONNECTIONS: usize = 16;
/// How long one side is asked before it is the other's turn …
const SLICE: Duration = Duration::from_millis(300);
/// … after it was asked for so many milliseconds without being measured, at random: what the other side left to be
/// done is done by then, and on average this one leaves as much undone at the end of what is measured as there was
/// at its beginning. Between shortest and longest lies as much as between two batches of rows.
const LEAD_IN: Range<u64> = 300..550;
/// How many pairs are compared.
const PAIRS: usize = 10;
/// How many slices there are in one pair. They alternate as A B B A B A A B and the reverse of that, and so on: whatever
/// becomes slower or faster meanwhile, evenly or not, does so for both sides (Thue and Morse's sequence; ABBA alone
/// evens out what is steady).
const SLICES: usize = 32;
/// How long a server is warmed up.
const WARM_UP: Duration = Duration::from_millis(400);

/// What was found, and whether every bound was kept.
pub(crate) struct Report {
    out: std::io::Stdout,
    kept: bool,
}

impl Report {
    /// An empty one, to the standard output.
    pub(crate) fn new() -> Self {
        Self { out: std::io::stdout(), kept: true }
    }

    /// Something to know.
    pub(crate) fn line(&mut self, text: &str) {
        // Nobody reads what can't be written.
        let _closed = writeln!(self.out, "{text}");
    }

    /// Something promised.
    pub(crate) fn bound(&mut self, what: &str, value: f64, holds: bool, bound: &str) {
        self.kept &= holds;
        self.line(&format!("{} {what}: {value:.3} (bound: {bound})", if holds { "ok    " } else { "FAILED" }));
    }

    /// Was every bound kept?
    pub(crate) fn is_kept(&self) -> bool {
        self.kept
    }
}

/// A server in this process.
pub(crate) struct Served {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
}

impl Served {
    /// On a port of its own.
    pub(crate) async fn start(app: impl serve::HttpService) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.expect("a port"), app)
    }

    /// On this one.
    pub(crate) fn start_on(listener: TcpListener, app: impl serve::HttpService) -> Self {
        let (address, stop) = (listener.local_addr().expect("an address"), CancellationToken::new());
        tokio::spawn(serve::accept(listener, app, Bounds::new(512, true), stop.clone()));
        Self { address, stop }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// One request after the other on one connection from now until the end of `measured`: how long each took that began
/// within, in microseconds.
pub(crate) async fn visit(address: SocketAddr, path: &str, measured: Range<Instant>) -> Vec<u32> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let (mut took, mut buffer) = (Vec::new(), Vec::with_capacity(262_144));
    let request = request_for(path);
    loop {
        let asked = Instant::now();
        if asked >= measured.end {
            break;
        }
        stream.write_all(request.as_bytes()).await.expect("written");
        buffer.clear();
        answer(&mut stream, &mut buffer).await;
        assert!(buffer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&buffer[..40]));
        if asked >= measured.start {
            took.push(asked.elapsed().as_micros() as u32);
        }
    }
    took
}

fn request_for(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
}

/// Reads one answer, whole.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    while !is_whole(buffer) {
        assert!(stream.read_buf(buffer).await.expect("an answer") > 0, "the server closed the connection");
    }
}

/// Are head and body there?
fn is_whole(buffer: &[u8]) -> bool {
    // As our server writes it: names in lower case.
    const LENGTH: &[u8] = b"\r\ncontent-length: ";
    let Some(end) = memmem::find(buffer, b"\r\n\r\n") else { return false };
    match memmem::find(&buffer[..end], LENGTH) {
        Some(at) => {
            let digits = buffer[at + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit());
            buffer.len() >= end + 4 + digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'))
        }
        // In chunks, the last of which is empty.
        None => buffer.ends_with(b"\r\n0\r\n\r\n"),
    }
}

/// How some slices went.
#[derive(Default)]
struct Pace {
    /// How long each answer took, in microseconds.
    took: Vec<u32>,
    /// How long it went on, in seconds.
    seconds: f64,
    /// How long all threads but the clients' own were on a CPU, in nanoseconds.
    cpu: u64,
}

impl Pace {
    fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.seconds += other.seconds;
        self.cpu += other.cpu;
    }

    /// Requests per second.
    fn rate(&self) -> f64 {
        self.took.len() as f64 / self.seconds
    }

    /// p99 in milliseconds.
    fn p99(&self) -> f64 {
        let mut sorted = self.took.clone();
        sorted.sort_unstable();
        f64::from(sorted[(sorted.len() * 99).div_ceil(100) - 1]) / 1000.0
    }

    /// Microseconds of CPU a request.
    fn cpu(&self) -> f64 {
        self.cpu as f64 / self.took.len() as f64 / 1000.0
    }
}

/// How long a thread was on a CPU, in nanoseconds (<https://docs.kernel.org/scheduler/sched-stats.html>); 0 where the
/// system does not say.
fn on_cpu(task: &Path) -> u64 {
    let text = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
    text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
}

/// The same for all threads of this process but the calling one.
fn others_on_cpu() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let all: u64 = tasks.map(|task| on_cpu(&task.path())).sum();
    all.saturating_sub(on_cpu(Path::new("/proc/thread-self")))
}

/// Asks until everything is as it will be.
pub(crate) async fn warm_up(served: &Served, path: &'static str) {
    load(served.address, path, WARM_UP).await;
}

/// Some load by all clients together.
async fn load(address: SocketAddr, path: &'static str, slice: Duration) -> Pace {
    let clients = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(visit_together(address, path, slice))
    };
    tokio::task::spawn_blocking(clients).await.expect("no panic")
}

async fn visit_together(address: SocketAddr, path: &'static str, slice: Duration) -> Pace {
    let start = Instant::now() + Duration::from_millis(fastrand::u64(LEAD_IN));
    let visit = |_| tokio::spawn(visit(address, path, start..start + slice));
    let visitors: Vec<_> = (0..CONNECTIONS).map(visit).collect();
    tokio::time::sleep_until(start).await;
    let cpu = others_on_cpu();
    let mut took = Vec::new();
    for visitor in visitors {
        took.extend(visitor.await.expect("no panic"));
    }
    Pace { took, seconds: start.elapsed().as_secs_f64(), cpu: others_on_cpu().saturating_sub(cpu) }
}

/// The one in the middle.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], values[middle]) } else { values[middle] }
}

/// `measured` against `base`, in pairs of slices that alternate; the median of the pairs' ratios, and both p99. Where a side
/// is several servers of one kind, its slices go around them: where its memory happens to lie makes a server quicker or slower
/// by more than what is looked for.
pub(crate) async fn compare(
    report: &mut Report,
    name: &str,
    measured: (&[Served], &'static str),
    base: (&[Served], &'static str),
) -> f64 {
    let (mut ratios, mut paces, mut turns) = (Vec::new(), [Vec::new(), Vec::new()], [0, 0]);
    for _ in 0..PAIRS {
        let mut pair = [Pace::default(), Pace::default()];
        for slice in 0..SLICES {
            let side = slice.count_ones() as usize % 2;
            let (served, path) = [measured, base][side];
            pair[side].add(load(served[turns[side] % served.len()].address, path, SLICE).await);
            turns[side] += 1;
        }
        ratios.push(pair[0].rate() / pair[1].rate());
        paces.iter_mut().zip(pair).for_each(|(paces, pace)| paces.push(pace));
    }
    let ratio = median(&mut ratios);
    let of = |side: usize, value: fn(&Pace) -> f64| median(&mut paces[side].iter().map(value).collect::<Vec<_>>());
    report.line(&format!(
        "       {name}: {:.0} against {:.0} requests/s; ratios {:.3} to {:.3}, median {ratio:.3}; p99 {:.2} against {:.2} ms; \
         server's CPU {:.1} against {:.1} µs a request",
        of(0, Pace::rate),
        of(1, Pace::rate),
        ratios[0],
        ratios[ratios.len() - 1],
        of(0, Pace::p99),
        of(1, Pace::p99),
        of(0, Pace::cpu),
        of(1, Pace::cpu),
    ));
    ratio
}
