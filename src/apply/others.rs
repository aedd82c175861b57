//! Detects the bookkeeping tables of other migration tools. Never reads or changes them.

use std::sync::Arc;

use super::{ApplyError, Database, PlanOptions};
use crate::engine::bookkeeping::MIGRATORS;
use crate::engine::traits::Purpose;

impl Database {
    /// Returns the bookkeeping tables of other migration tools that exist, sorted by name.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn other_migrators(&self) -> Result<Vec<String>, ApplyError> {
        let mut session = self.engine().open(Purpose::Read, PlanOptions::default().wait, Arc::default()).await?;
        session.begin_reading().await?;
        let found = session.tables_among(&MIGRATORS).await?;
        session.close(false).await?;
        Ok(found)
    }
}
