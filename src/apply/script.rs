//! A plan with what makes a script of it: the one place where the two kinds of database are told apart for that.

use super::{ApplyError, Database, Desired, Options, Planned, Way, postgres as pg, sqlite as lite};
use crate::plan::Frame;

impl Database {
    /// Plans as [`Database::plan`] does, and gives what stands around the steps in a script
    /// ([`render::script`](crate::render::script())).
    ///
    /// # Errors
    /// As [`Database::plan`].
    pub async fn plan_script(&self, desired: &Desired, way: Way, options: &Options) -> Result<(Planned, Frame), ApplyError> {
        match self {
            Database::Sqlite(path) => {
                let (plan, state) = lite::plan_with_state(path, desired.normalized(), way.path, way.wait).await?;
                let frame = lite::frame(&plan, &state, desired.normalized(), options).await?;
                Ok((Planned { plan, remarks: pg::Remarks::default() }, frame))
            }
            Database::Postgres(url) => {
                let (plan, remarks, frame) = pg::plan_with_frame(url, desired.normalized(), way.online, options).await?;
                Ok((Planned { plan, remarks }, frame))
            }
        }
    }
}
