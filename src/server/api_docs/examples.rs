//! Commands to copy into a shell. A test runs all of them, in the order of the page.

/// The server that the commands address.
pub(super) struct ExampleServer {
    /// Its URL, without a path.
    pub(super) base: String,
    /// Whether private operations need the token.
    pub(super) guarded: bool,
}

impl ExampleServer {
    /// A command for this server.
    pub(super) fn complete(&self, command: &str) -> String {
        let auth = if self.guarded { "-H \"Authorization: Bearer $ADMIN_TOKEN\" " } else { "" };
        command.replace("AUTH", auth).replace("BASE", &self.base)
    }
}

/// A step of the first run that somebody makes from a shell.
pub struct FirstStep {
    /// What it does.
    pub(super) title: &'static str,
    /// What happens, and what to know about it.
    pub(super) text: &'static str,
    /// The command, with the words of [`EXAMPLES`].
    pub(super) command: &'static str,
}

/// A whole run from a shell: each step may use the results of those before it.
pub const FIRST_STEPS: [FirstStep; 4] = [
    FirstStep {
        title: "Start a run",
        text: "Ten requests per second for ten seconds, to the users API of this server. The answer holds the id of the run, which the next steps use.",
        command: "JOB_ID=$(curl -sS BASE/traffic/start AUTH-H \"Content-Type: application/json\" \\\n  \
            -d '{\"scenario\":\"normal\",\"duration\":10,\"maxRps\":10,\"endpoints\":\"all\"}' | sed 's/.*\"jobId\":\"\\([^\"]*\\)\".*/\\1/')\n\
            echo \"$JOB_ID\"",
    },
    FirstStep {
        title: "Follow it",
        text: "The numbers of the run twice a second, and the event done when it is over, audited and stored.",
        command: "curl -sSN AUTHBASE/traffic/stream/$JOB_ID",
    },
    FirstStep {
        title: "Stop it",
        text: "No request leaves after the answer. For a run that has ended, the answer is the run as it ended.",
        command: "curl -sS -X POST AUTHBASE/traffic/stop/$JOB_ID",
    },
    FirstStep {
        title: "Export it",
        text: "Each request as the client and the server saw it, as csv or json; or, as html, a report to read and to send.",
        command: "curl -sS AUTH\"BASE/traffic/runs/$JOB_ID/export?format=html\" -o run.html",
    },
];

/// An example for each operation, in an order in which each may use the results of those before it. `BASE` stands for
/// the URL of the server, and `AUTH` for the header with the token, where one is needed.
pub const EXAMPLES: [(&str, &str); 17] = [
    ("health", "curl -sS BASE/healthz"),
    ("ready", "curl -sS BASE/readyz"),
    ("listUsers", "curl -sS \"BASE/api/v1/users?perPage=3\""),
    (
        "createUser",
        "USER_ID=$(curl -sS BASE/api/v1/users -H \"Content-Type: application/json\" \\\n  \
         -d '{\"name\":\"Ada Lovelace\",\"email\":\"ada@example.com\"}' | sed 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/')\n\
         echo \"$USER_ID\"",
    ),
    ("getUser", "curl -sS BASE/api/v1/users/$USER_ID"),
    (
        "updateUser",
        "curl -sS -X PATCH BASE/api/v1/users/$USER_ID -H \"Content-Type: application/json\" \\\n  -d '{\"name\":\"Ada King\"}'",
    ),
    ("failUsers", "curl -sS \"BASE/api/v1/users/error?errorRate=1\""),
    (
        "startRun",
        "JOB_ID=$(curl -sS BASE/traffic/start AUTH-H \"Content-Type: application/json\" \\\n  \
         -d '{\"scenario\":\"normal\",\"duration\":5,\"maxRps\":10,\"endpoints\":\"all\"}' | sed 's/.*\"jobId\":\"\\([^\"]*\\)\".*/\\1/')\n\
         echo \"$JOB_ID\"",
    ),
    ("getStatus", "curl -sS AUTHBASE/traffic/status/$JOB_ID"),
    ("streamRun", "curl -sSN AUTHBASE/traffic/stream/$JOB_ID"),
    ("stopRun", "curl -sS -X POST AUTHBASE/traffic/stop/$JOB_ID"),
    ("listRuns", "curl -sS AUTH\"BASE/traffic/runs?limit=5&scenario=normal\""),
    ("getRun", "curl -sS AUTHBASE/traffic/runs/$JOB_ID"),
    (
        "renameRun",
        "curl -sS -X PATCH AUTHBASE/traffic/runs/$JOB_ID -H \"Content-Type: application/json\" \\\n  -d '{\"name\":\"My first run\"}'",
    ),
    ("exportRun", "curl -sS AUTH\"BASE/traffic/runs/$JOB_ID/export?format=csv\" -o run.csv"),
    ("scrape", "curl -sS AUTHBASE/metrics"),
    ("deleteRun", "curl -sS -X DELETE AUTHBASE/traffic/runs/$JOB_ID"),
];
