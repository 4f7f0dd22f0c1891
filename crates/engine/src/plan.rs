//! What a chain needs, said before it starts.

use isovox_volume::run::{enough, human};
use isovox_volume::{Error, Result, Run};

/// Refuses a chain whose planes in flight do not fit the memory even on one thread, one plane at a time.
///
/// `flight` is what the neediest step holds, `whole` are the steps that hold everything, with their bytes.
pub fn check(run: &Run, flight: usize, whole: &[(String, usize)]) -> Result<()> {
    if flight > run.limit() {
        return Err(Error::memory(format_args!("planes in flight need {}", human(flight))).found(human(run.limit())).help(enough(flight)));
    }
    let needs: usize = whole.iter().map(|(_, bytes)| bytes).sum::<usize>().saturating_add(flight);
    if needs > run.limit() {
        let steps: Vec<&str> = whole.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Error::memory(format_args!("{} needs {} at once", steps.join(" and "), human(needs))).found(human(run.limit())).help(enough(needs)));
    }
    Ok(())
}
