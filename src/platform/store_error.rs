//! What goes wrong in a store.

/// The error of a store. It is logged, and never sent to a client.
pub type StoreError = sqlx::Error;

/// Whether the database is unavailable for now (locked, full, read-only, unreadable), so that a retry may succeed. Any
/// other error would occur again. Decided by SQLite's primary result codes: <https://www.sqlite.org/rescode.html>.
pub fn is_unavailable(error: &StoreError) -> bool {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const NO_MEMORY: u32 = 7;
    const READONLY: u32 = 8;
    const IO_ERROR: u32 = 10;
    const CORRUPT: u32 = 11;
    const FULL: u32 = 13;
    const CAN_NOT_OPEN: u32 = 14;
    const NO_DATABASE: u32 = 26;
    const CODES: [u32; 9] = [BUSY, LOCKED, NO_MEMORY, READONLY, IO_ERROR, CORRUPT, FULL, CAN_NOT_OPEN, NO_DATABASE];
    match error {
        StoreError::PoolTimedOut | StoreError::Io(_) | StoreError::WorkerCrashed => true,
        StoreError::Database(error) => {
            let extended = error.code().and_then(|code| code.parse::<u32>().ok());
            extended.is_some_and(|code| CODES.contains(&(code & 0xff)))
        }
        _ => false,
    }
}
