//! What tells images at one position apart: their places in time, echo, diffusion weighting, phase.

use isovox_volume::FrameAxis;

use super::fields::Fields;

/// An axis that frames may lie along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// `TemporalPositionIndex`, `TemporalPositionIdentifier`.
    Temporal,
    /// `ImageType`, `FrameType`: magnitude and phase, say; counted as they come.
    Kind,
    /// `EchoTime`, ms; `EchoNumbers` where there is none.
    Echo,
    /// `DiffusionBValue`, s/mm2.
    BValue,
    /// `NominalPercentageOfCardiacPhase`.
    Phase,
    /// `TriggerTime`, ms.
    Trigger,
    /// `FrameReferenceTime`, ms.
    Reference,
    /// `AcquisitionNumber`.
    Acquisition,
    /// `AcquisitionDateTime`, or date and time of acquisition, s.
    Acquired,
    /// Date and time of content, s.
    Content,
}

impl Key {
    /// The first that tells all images of a position apart is the axis.
    pub(super) const ALL: [Key; 10] = [Key::Temporal, Key::Kind, Key::Echo, Key::BValue, Key::Phase, Key::Trigger, Key::Reference, Key::Acquisition, Key::Acquired, Key::Content];

    /// What frames along it count.
    pub(super) fn axis(self) -> FrameAxis {
        match self {
            Key::Kind => FrameAxis::Unknown,
            Key::Echo => FrameAxis::Echo,
            Key::BValue => FrameAxis::BValue,
            Key::Phase => FrameAxis::Phase,
            _ => FrameAxis::Time,
        }
    }

    /// Whether slices of one frame may lie at different values: each is taken at its own time.
    pub(super) fn drifts(self) -> bool {
        matches!(self, Key::Trigger | Key::Reference | Key::Acquired | Key::Content)
    }
}

/// What an image states of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    numbers: [Option<f64>; Key::ALL.len()],
    /// What kind of image it is.
    pub(super) kind: String,
}

impl Marks {
    /// The number on an axis; of a kind there is none.
    pub(super) fn at(&self, key: Key) -> Option<f64> {
        self.numbers[key as usize]
    }

    /// The same with a number on an axis, where there is one.
    pub(super) fn and(mut self, key: Key, number: Option<f64>) -> Marks {
        self.set(key, number);
        self
    }

    fn set(&mut self, key: Key, number: Option<f64>) {
        if number.is_some() {
            self.numbers[key as usize] = number;
        }
    }

    /// Of a classic image, or of what all frames of a file share.
    pub(super) fn of(file: &Fields) -> Marks {
        let mut marks = Marks { kind: file.text(0x0008, 0x0008), ..Marks::default() };
        marks.set(Key::Temporal, file.number(0x0020, 0x0100));
        marks.set(Key::Echo, file.number(0x0018, 0x0081).or_else(|| file.number(0x0018, 0x0086)));
        marks.set(Key::BValue, b_value(file));
        marks.set(Key::Phase, file.number(0x0020, 0x9241));
        marks.set(Key::Trigger, file.number(0x0018, 0x1060));
        marks.set(Key::Reference, file.number(0x0054, 0x1300));
        marks.set(Key::Acquisition, file.number(0x0020, 0x0012));
        let at = |date: u16, time: u16| clock(&(file.text(0x0008, date) + &file.text(0x0008, time)));
        marks.set(Key::Acquired, clock(&file.text(0x0008, 0x002A)).or_else(|| at(0x0022, 0x0032)));
        marks.set(Key::Content, at(0x0023, 0x0033));
        marks
    }

    /// Of one frame, by its functional groups, over what its file states (PS3.3 C.7.6.16.2, C.8.13.5).
    pub(super) fn with<'a>(&self, group: &impl Fn(u16, u16) -> Option<Fields<'a>>) -> Marks {
        let mut marks = self.clone();
        if let Some(content) = group(0x0020, 0x9111) {
            marks.set(Key::Temporal, content.number(0x0020, 0x9128));
            marks.set(Key::Acquisition, content.number(0x0020, 0x9156));
            marks.set(Key::Phase, content.number(0x0020, 0x9241));
            let at = clock(&content.text(0x0018, 0x9074)).or_else(|| clock(&content.text(0x0018, 0x9151)));
            marks.set(Key::Acquired, at);
        }
        marks.set(Key::Temporal, group(0x0020, 0x9310).and_then(|g| g.number(0x0020, 0x930D)));
        marks.set(Key::Echo, group(0x0018, 0x9114).and_then(|g| g.number(0x0018, 0x9082)));
        marks.set(Key::BValue, group(0x0018, 0x9117).and_then(|g| g.number(0x0018, 0x9087)));
        let synchronised = group(0x0018, 0x9118);
        marks.set(Key::Phase, synchronised.as_ref().and_then(|g| g.number(0x0020, 0x9241)));
        marks.set(Key::Trigger, synchronised.and_then(|g| g.number(0x0020, 0x9153)));
        // MR, CT, PET, and derived ones.
        for (of, at) in [(0x0018, 0x9226), (0x0018, 0x9329), (0x0018, 0x9751)] {
            if let Some(kind) = group(of, at).map(|g| g.text(0x0008, 0x9007)).filter(|k| !k.is_empty()) {
                marks.kind = kind;
            }
        }
        marks
    }
}

/// The diffusion weighting: the standard's element, or the maker's own, found by its creator.
fn b_value(file: &Fields) -> Option<f64> {
    let philips = || file.private(0x2001, "Philips Imaging DD 001", 0x03)?.float();
    let siemens = || file.private(0x0019, "SIEMENS MR HEADER", 0x0C)?.decimal();
    let csa = || super::csa::numbers(file.csa()?, "B_value")?.first().copied();
    // GE adds 10^9 where the element also counts directions.
    let ge = || file.private(0x0043, "GEMS_PARM_01", 0x39)?.decimal().map(|b| b % 1e9);
    file.number(0x0018, 0x9087).or_else(philips).or_else(siemens).or_else(csa).or_else(ge)
}

/// Seconds of a date and time `YYYYMMDDHHMMSS.FFFFFF`, or of a time alone; only differences mean something.
fn clock(text: &str) -> Option<f64> {
    let text: String = text.split(['+', '-']).next()?.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (date, time) = whole.split_at(if whole.len() >= 8 { 8 } else { 0 });
    if whole.len() < 4 || date.is_empty() && whole.len() > 6 {
        return None;
    }
    let part = |text: &str, at: usize| text.get(at..at + 2).map_or(Some(0.0), |t| t.parse::<f64>().ok());
    let seconds = part(time, 0)? * 3600.0 + part(time, 2)? * 60.0 + part(time, 4)?;
    let fraction = format!("0.{fraction}").parse().unwrap_or(0.0);
    Some(days(date)? * 86400.0 + seconds + fraction)
}

/// Days since 1 March of year 0, by the Gregorian calendar; 0 without a date.
fn days(date: &str) -> Option<f64> {
    if date.is_empty() {
        return Some(0.0);
    }
    let (year, month, day): (i64, i64, i64) = (date.get(..4)?.parse().ok()?, date.get(4..6)?.parse().ok()?, date.get(6..8)?.parse().ok()?);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some((365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks() {
        assert_eq!(clock("083634.5"), Some(8.0 * 3600.0 + 36.0 * 60.0 + 34.5));
        assert_eq!(clock("0836"), Some(8.0 * 3600.0 + 36.0 * 60.0));
        assert_eq!(clock("08:36:34"), clock("083634"));
        // Across the end of a leap February.
        assert_eq!(clock("20240301000001+0100").zip(clock("20240228235959")).map(|(a, b)| a - b), Some(86400.0 + 2.0));
        assert_eq!(clock("20181022083634.295000").zip(clock("20181022083634.135")).map(|(a, b)| ((a - b) * 1e3).round()), Some(160.0));
        assert_eq!([clock(""), clock("at noon"), clock("12")], [None; 3]);
    }
}
