//! The stores and the metrics of the [`World`].

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;

use super::world::World;
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::row_writer::Sink;
use crate::traffic::engine::dashboard_check::DashboardFigures;
use crate::traffic::engine::evidence::CleanUp;
use crate::traffic::engine::exchange::{ClientSide, ServerSide};
use crate::traffic::engine::findings::Findings;
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::{Run, RunSummary};
use crate::traffic::naming::{NameAndNote, Naming};
use crate::traffic::server::client_ledger::LedgerRow;
use crate::traffic::server::history_rows::ListedRun;
use crate::traffic::server::ports::{RecordedRequests, UserCleanup};
use crate::traffic::server::store::{Removal, RunStore, StoredRun};

/// The recorded requests, the clean-up and the stored runs.
pub(super) struct Fakes(pub(super) Arc<World>);

#[async_trait]
impl RecordedRequests for Fakes {
    async fn flush(&self) {
        assert!(!self.0.manner.panics_while_closing, "asked to panic");
    }

    async fn rows_of_run(&self, _id: RunId) -> Result<Vec<ServerSide>, StoreError> {
        if self.0.manner.hides_rows {
            return Err(StoreError::PoolClosed);
        }
        let rows = self.0.rows.lock();
        Ok(rows
            .iter()
            .map(|seq| ServerSide { seq: *seq, arrived_at: 0, duration: 3000, status: 200, request_id: None })
            .collect())
    }

    async fn rows_of_request(&self, id: RunId, seq: u32) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.rows_of_run(id).await?.into_iter().filter(|row| row.seq == seq).collect())
    }

    async fn kpis_of_run(&self, _id: RunId) -> Result<DashboardFigures, StoreError> {
        let requests = self.0.rows.lock().len() as u32;
        let some = requests > 0;
        let mut kpi = DashboardFigures { requests, error_rate: some.then_some(0.0), p95: some.then_some(3.003) };
        if let Some(mislead) = self.0.manner.misleads {
            mislead(&mut kpi);
        }
        if self.0.manner.says_nothing { Err(StoreError::PoolClosed) } else { Ok(kpi) }
    }
}

#[async_trait]
impl UserCleanup for Fakes {
    async fn clean_up(&self, _id: RunId) -> Result<CleanUp, StoreError> {
        if self.0.manner.keeps_users {
            return Err(StoreError::PoolClosed);
        }
        Ok(CleanUp { removed: self.0.created.swap(0, Ordering::Relaxed), kept: 0 })
    }
}

#[async_trait]
impl RunStore for Fakes {
    fn lost(&self) -> Option<String> {
        None
    }

    async fn insert(&self, run: &Run) -> Result<(), StoreError> {
        self.0.stored.lock().push(run.clone());
        tokio::time::sleep(self.0.manner.insert_takes).await;
        Ok(())
    }

    async fn update(&self, run: &Run, findings: Option<&Findings>) -> Result<bool, StoreError> {
        self.0.available()?;
        if let Some(findings) = findings {
            self.0.findings.lock().insert(run.job_id, findings.clone());
        }
        if self.0.manner.never_stores && run.closed { Err(StoreError::RowNotFound) } else { Ok(self.0.replace(run)) }
    }

    async fn replace(&self, run: &Run) -> Result<(), StoreError> {
        self.0.available()?;
        self.0.replace(run);
        Ok(())
    }

    async fn close_unreadable(&self, _id: RunId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn list(&self, _: &HistoryQuery, _: Option<(RunId, i64)>) -> Result<Vec<ListedRun>, StoreError> {
        let listed = |run: &Run| ListedRun { id: run.job_id, rank: 0, summary: Some(RunSummary::from(run)) };
        Ok(self.0.stored.lock().iter().map(listed).collect())
    }

    async fn rename(&self, id: RunId, naming: &Naming) -> Result<Option<NameAndNote>, StoreError> {
        let mut stored = self.0.stored.lock();
        let Some(run) = stored.iter_mut().find(|run| run.job_id == id) else { return Ok(None) };
        let renamed = naming.apply(NameAndNote { name: run.name.take(), note: run.note.take() });
        run.name.clone_from(&renamed.name);
        run.note.clone_from(&renamed.note);
        Ok(Some(renamed))
    }

    async fn delete(&self, id: RunId, _removal: Removal) -> Result<bool, StoreError> {
        let mut stored = self.0.stored.lock();
        let before = stored.len();
        stored.retain(|run| run.job_id != id);
        Ok(stored.len() < before)
    }

    async fn client_sides(&self, _id: RunId) -> Result<Vec<ClientSide>, StoreError> {
        Ok(Vec::new())
    }

    async fn client_side(&self, _id: RunId, _seq: u32) -> Result<Option<ClientSide>, StoreError> {
        Ok(None)
    }

    async fn findings(&self, id: RunId) -> Result<Option<Findings>, StoreError> {
        Ok(self.0.findings.lock().get(&id).cloned())
    }

    async fn load(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.0.stored.lock().iter().find(|run| run.job_id == id).cloned())
    }

    async fn removable(&self) -> Result<Vec<RunId>, StoreError> {
        let stored = self.0.stored.lock();
        Ok(stored.iter().filter(|run| run.closed).map(|run| run.job_id).collect())
    }

    async fn left_overs(&self) -> Result<Vec<StoredRun>, StoreError> {
        Ok(Vec::new())
    }
}

/// The stored ledger.
pub(super) struct FakeLedger(pub(super) Arc<World>);

#[async_trait]
impl Sink<LedgerRow> for FakeLedger {
    async fn write(&self, _rows: &[LedgerRow]) -> Result<(), StoreError> {
        if self.0.disk_full.load(Ordering::Relaxed) { Err(StoreError::PoolClosed) } else { Ok(()) }
    }
}
