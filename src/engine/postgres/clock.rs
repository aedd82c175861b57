//! The time limits of a plan's statements that rosey itself enforces: some functions of the server do not
//! check for interrupts, so no timeout, cancellation or termination stops them. Does not stop anything on the
//! server.

use std::time::{Duration, Instant};

use super::connection::Error;

/// How long a response may take beyond the server's own limit.
const GRACE: Duration = Duration::from_secs(5);

/// The time limit for everything that a plan asks the server about the SQL of a schema file, starting with
/// the first statement.
pub(super) const QUESTIONS: Duration = Duration::from_secs(120);

/// How many characters of a statement an error shows.
const SHOWN: usize = 200;

/// The limits of the current transaction. The default has none.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The server's time limit for one statement.
    limit: Option<Duration>,
    /// Whether the limit applies to all statements of a message together.
    is_of_message: bool,
    questions: Option<Questions>,
}

/// The statements with SQL of a schema file that the server only parses.
#[derive(Debug, Default)]
struct Questions {
    until: Option<Instant>,
    number: usize,
    slowest: (Duration, String),
}

impl Clock {
    /// Returns the limits of a plan's transaction whose statements have this limit on the server.
    pub(super) fn plan(limit: Duration) -> Clock {
        Clock { limit: Some(limit), is_of_message: false, questions: Some(Questions::default()) }
    }

    /// Returns the limit of a message with counts, which have a common time limit of their own.
    pub(super) fn counts(limit: Duration) -> Clock {
        Clock { limit: Some(limit), is_of_message: true, questions: None }
    }

    /// Returns how long rosey waits for the response to a message with this number of statements.
    pub(super) fn patience(&self, statements: usize) -> Option<Duration> {
        let times = if self.is_of_message { 1 } else { u32::try_from(statements).unwrap_or(u32::MAX) };
        Some(self.limit?.saturating_mul(times).saturating_add(GRACE))
    }

    /// Returns how long the next question may take; `None` means without a limit.
    ///
    /// # Errors
    /// If the previous questions used up the time.
    pub(super) fn for_a_question(&mut self, now: Instant) -> Result<Option<Duration>, Error> {
        let (Some(limit), Some(questions)) = (self.limit, &mut self.questions) else { return Ok(None) };
        let left = questions.until.get_or_insert(now + QUESTIONS).saturating_duration_since(now);
        if left.is_zero() { Err(questions.too_long()) } else { Ok(Some(limit.min(left))) }
    }

    /// Returns the server's limit for one statement, if there is one.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// Records a question. If the server canceled it at its limit, returns the error for that.
    pub(super) fn record(&mut self, sql: &str, took: Duration, allowed: Duration, is_cancelled: bool) -> Result<(), Error> {
        let Some(questions) = &mut self.questions else { return Ok(()) };
        questions.number += 1;
        if took > questions.slowest.0 {
            questions.slowest = (took, shortened(sql));
        }
        if is_cancelled && took >= allowed { Err(questions.too_long()) } else { Ok(()) }
    }
}

impl Questions {
    fn too_long(&self) -> Error {
        let (took, statement) = self.slowest.clone();
        Error::TooLong { limit: QUESTIONS, statements: self.number, slowest: took, statement }
    }
}

/// Returns the beginning of a statement in one line.
fn shortened(sql: &str) -> String {
    let mut words = sql.split_whitespace();
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        if text.len() > SHOWN {
            break;
        }
        text.push(' ');
        text.push_str(word);
    }
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_end_together() {
        let mut clock = Clock::plan(Duration::from_secs(60));
        let began = Instant::now();
        assert_eq!(clock.for_a_question(began).unwrap(), Some(Duration::from_secs(60)));
        clock.record("CREATE VIEW\n  a", Duration::from_secs(1), Duration::from_secs(60), false).unwrap();
        clock.record("CREATE VIEW b", Duration::from_millis(300), Duration::from_secs(60), false).unwrap();
        assert_eq!(clock.for_a_question(began + Duration::from_secs(100)).unwrap(), Some(Duration::from_secs(20)));
        let late = clock.for_a_question(began + QUESTIONS).unwrap_err();
        let slowest = Duration::from_secs(1);
        assert_eq!(late, Error::TooLong { limit: QUESTIONS, statements: 2, slowest, statement: "CREATE VIEW a".to_owned() });
        assert!(late.is_interruption(), "nothing else is asked");
    }

    #[test]
    fn a_question_that_the_server_cancels_at_its_limit_ends_the_plan() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        let mut clock = Clock::plan(minute);
        clock.record("a", second, minute, true).expect("somebody else cancelled it");
        assert!(matches!(clock.record("b", minute, minute, true), Err(Error::TooLong { statements: 2, .. })));
    }

    #[test]
    fn an_apply_waits_as_long_as_it_takes() {
        let mut clock = Clock::default();
        assert_eq!(clock.patience(3), None);
        assert_eq!(clock.for_a_question(Instant::now()).unwrap(), None);
        assert_eq!(Clock::plan(Duration::from_secs(10)).patience(3), Some(Duration::from_secs(35)));
        assert_eq!(Clock::counts(Duration::from_secs(10)).patience(3), Some(Duration::from_secs(15)));
        assert_eq!(shortened(&"x ".repeat(300)).chars().count(), SHOWN + 1);
    }
}
