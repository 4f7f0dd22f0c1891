//! Which files belong together, and which of several series is meant.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use isovox_volume::{Error, Result, Run, Verdict};

use super::slice::{File, Slice, read, series_of};
use super::{geometry, order};
use crate::input::Input;
use crate::open::OpenOptions;

/// Files that are not worth a thread of their own.
const FEW: usize = 16;

/// Series, and parts of them, that are told apart.
const MOST: usize = 2048;

/// Files named in a warning.
const NAMED: usize = 5;

/// A series as `info` lists it.
#[derive(Clone, Debug)]
pub struct Series {
    /// `SeriesInstanceUID`; of a part of one, with `#` and the part's number.
    pub uid: String,
    /// `SeriesNumber`.
    pub number: Option<i64>,
    /// `SeriesDescription`, without names of the patient.
    pub description: String,
    /// `Modality`.
    pub modality: String,
    /// `[z, y, x]` of a frame.
    pub shape: [usize; 3],
    /// x, y, z, mm.
    pub spacing_mm: Option<[f64; 3]>,
    /// What its positions prove.
    pub verdict: Verdict,
    /// How many files.
    pub files: usize,
}

/// The images among files, and what the other files are.
pub(super) struct Found {
    groups: Vec<Group>,
    broken: Vec<Broken>,
    pub(super) others: Vec<String>,
}

/// Images of one series, size and orientation.
struct Group {
    /// The UID, and a number where the series has several such groups.
    name: String,
    /// What parts it from the series' other groups.
    parted: Option<&'static str>,
    slices: Vec<Slice>,
}

impl Group {
    fn uid(&self) -> &str {
        &self.slices[0].series
    }
}

/// A file that begins as a DICOM file and cannot be examined.
struct Broken {
    name: String,
    /// UID of its series, where that can be read.
    series: Option<String>,
    error: Error,
}

/// Reads the headers of all files, some threads at a time.
///
/// Errors: `Unsupported` for more series than a folder of scans has.
pub(super) fn find(inputs: &[Input], options: &OpenOptions) -> Result<Found> {
    let mut images: Vec<Slice> = Vec::new();
    let (mut others, mut broken) = (Vec::new(), Vec::new());
    for (file, input) in examined(inputs, options).into_iter().zip(inputs) {
        match file {
            Ok(Some(File::Images(slices))) => images.extend(slices),
            Ok(Some(File::Other(what))) => others.push(format!("{} ({what})", input.name())),
            Ok(None) => others.push(input.name().to_string()),
            Err(error) => broken.push(Broken { name: input.name().into(), series: series_of(input), error }),
        }
    }
    Ok(Found { groups: grouped(images)?, broken, others })
}

/// What each file is, in order; `None` for one that is not DICOM.
fn examined(inputs: &[Input], options: &OpenOptions) -> Vec<Result<Option<File>>> {
    let all = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = options.threads.unwrap_or_else(all).min(inputs.len() / FEW);
    let run = Run::new(threads, 0, PathBuf::new());
    let run = if let Some(watch) = &options.watch { run.with_progress(watch.0.clone()) } else { run };
    run.begin("examining", inputs.len() as u64);
    let examine = |input: &Input| {
        let file = if super::wire::is_dicom(&input.head(512)?) { read(input).map(Some) } else { Ok(None) };
        run.advance(1);
        file
    };
    if threads < 2 {
        return inputs.iter().map(examine).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&i| i < inputs.len());
        std::iter::from_fn(take).map(|i| (i, examine(&inputs[i]))).collect::<Vec<_>>()
    };
    let mut done: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|w| w.join().expect("a parser does not panic")).collect()
    });
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, file)| file).collect()
}

/// Slices of one series, size and orientation together, in the order of their first files.
///
/// Errors: `Unsupported` for more of them than a folder of scans has.
fn grouped(images: Vec<Slice>) -> Result<Vec<Group>> {
    let mut groups: Vec<Vec<Slice>> = Vec::new();
    for slice in images {
        match groups.iter().position(|g| g[0].series == slice.series && g[0].differs(&slice).is_none()) {
            Some(group) => groups[group].push(slice),
            None if groups.len() == MOST => {
                let error = Error::unsupported("DICOM images").found(format_args!("more than {MOST} series, sizes and orientations"));
                return Err(error.help("name the files of one series").within(slice.input().path()));
            }
            None => groups.push(vec![slice]),
        }
    }
    let groups: Vec<Vec<Slice>> = groups.into_iter().flat_map(order::volumes).collect();
    let of_series = |groups: &[Vec<Slice>], uid: &str| groups.iter().filter(|g| g[0].series == uid).count();
    let named = |i: usize| {
        let first = &groups[i][0];
        let Some(other) = groups.iter().enumerate().find(|(k, g)| *k != i && g[0].series == first.series) else { return (first.series.clone(), None) };
        (format!("{}#{}", first.series, of_series(&groups[..=i], &first.series)), Some(first.differs(&other.1[0]).unwrap_or("positions that come again")))
    };
    let names: Vec<_> = (0..groups.len()).map(named).collect();
    Ok(names.into_iter().zip(groups).map(|((name, parted), slices)| Group { name, parted, slices }).collect())
}

impl Found {
    /// Each series, for a list.
    ///
    /// Errors: that of the first file where none can be examined.
    pub(super) fn list(self) -> Result<Vec<Series>> {
        let alone = self.alone();
        if let (true, Some(first)) = (self.groups.is_empty(), self.broken.first()) {
            return Err(first.error.clone());
        }
        let mut listed = self.groups.iter().map(|group| described(group, self.broken_of(group.uid()))).collect::<Result<Vec<_>>>()?;
        listed.extend(alone.iter().map(|&broken| lost(broken)));
        // One good series is not chosen before the others are known.
        if listed.len() > 1 {
            listed.extend(self.strays().map(lost));
        }
        Ok(listed)
    }

    /// The first broken file of each series of which no file could be examined.
    fn alone(&self) -> Vec<&Broken> {
        let mut alone: Vec<&Broken> = self.broken.iter().filter(|b| b.series.is_some()).collect();
        alone.retain(|b| !self.groups.iter().any(|g| b.series.as_deref() == Some(g.uid())));
        let mut seen = BTreeSet::new();
        alone.retain(|b| seen.insert(&b.series));
        alone
    }

    /// A broken file of a series.
    fn broken_of(&self, uid: &str) -> Option<&Broken> {
        self.broken.iter().find(|b| b.series.as_deref() == Some(uid))
    }

    /// Broken files that may be of any series.
    fn strays(&self) -> impl Iterator<Item = &Broken> {
        self.broken.iter().filter(|b| b.series.is_none())
    }

    /// The slices of the one that is meant: by UID, number, or a text of the description.
    ///
    /// Errors: `NotFound` without an image; `Parameter` where several or none fit; that of a file which cannot be examined and
    /// is of the series, or may be where no series is asked for.
    pub(super) fn choose(mut self, wanted: Option<&str>) -> Result<(Vec<Slice>, Vec<String>)> {
        if self.groups.is_empty() {
            let found = if self.others.is_empty() { "no file".into() } else { super::shortened(&self.others, NAMED) };
            return Err(self.broken.into_iter().next().map_or_else(|| Error::not_found("a DICOM image").found(found), |b| b.error));
        }
        let fits = |group: &Group| wanted.is_none_or(|wanted| meant(wanted.trim(), group));
        let fitting: Vec<usize> = (0..self.groups.len()).filter(|&i| fits(&self.groups[i])).collect();
        let alone = self.alone();
        let lost: Vec<&Broken> = alone.iter().copied().filter(|b| wanted.is_none_or(|w| b.series.as_deref() == Some(w.trim()))).collect();
        match (&fitting[..], &lost[..]) {
            (&[one], []) => {
                let uid = self.groups[one].uid();
                if let Some(broken) = self.broken_of(uid) {
                    return Err(broken.error.clone());
                }
                if let (None, Some(stray)) = (wanted, self.strays().next()) {
                    let first = stray.error.next_step().map_or(String::new(), |step| format!("{step}; "));
                    return Err(stray.error.clone().help(format_args!("{first}or open the other files without it: --series {}", self.groups[one].name)));
                }
                let other_series = self.groups.len() - 1 + alone.len();
                let mut warnings: Vec<String> =
                    self.strays().map(|b| format!("{} is of a series that is not known, perhaps of this one: {}", b.name, b.error)).take(NAMED).collect();
                if !self.others.is_empty() {
                    warnings.push(format!("not among the slices: {}", super::shortened(&self.others, NAMED)));
                }
                if other_series > 0 {
                    warnings.push(format!("{other_series} other series lie beside this one"));
                }
                Ok((self.groups.swap_remove(one).slices, warnings))
            }
            ([], &[one]) if wanted.is_some() => Err(one.error.clone()),
            (fitting, lost) => {
                let none = fitting.is_empty() && lost.is_empty();
                let shown = self.groups.iter().enumerate().filter(|(i, _)| none || fitting.contains(i)).map(|(_, g)| line(g));
                let missed = if none { &alone } else { lost }.iter().copied().chain(self.strays());
                let list: Vec<String> = shown.chain(missed.map(|b| format!("\n  {} cannot be examined  {}", b.name, b.series.as_deref().unwrap_or("")))).collect();
                let what = if none { "no series fits" } else { "several series" };
                Err(Error::parameter(what).found(list.concat()).help("choose one with --series UID, NUMBER or a text of its description"))
            }
        }
    }
}

fn meant(wanted: &str, group: &Group) -> bool {
    let first = &group.slices[0];
    let by_number = first.number.is_some_and(|n| wanted == n.to_string());
    let by_text = !wanted.is_empty() && wanted.parse::<i64>().is_err() && first.description.to_lowercase().contains(&wanted.to_lowercase());
    wanted == group.name || !wanted.is_empty() && wanted == group.uid() || by_number || by_text
}

fn line(group: &Group) -> String {
    let (first, uid) = (&group.slices[0], &group.name);
    let number = first.number.map_or("-".into(), |n| n.to_string());
    let parted = group.parted.map_or(String::new(), |why| format!("  (parted by {why})"));
    format!("\n  {number}  {}  {:?}  {} slices of {}x{}  {uid}{parted}", first.modality, first.description, group.slices.len(), first.columns(), first.rows())
}

fn described(group: &Group, broken: Option<&Broken>) -> Result<Series> {
    let files = group.slices.iter().map(|s| Arc::as_ptr(&s.stored)).collect::<BTreeSet<_>>().len();
    let ordered = order::order(group.slices.clone())?;
    let (geometry, _) = geometry::of(&ordered);
    let first = &ordered.planes[0];
    let mut verdict = ordered.verdict.clone();
    verdict.text += &group.parted.map_or(String::new(), |why| format!("; parted from the series' other images by {why}"));
    verdict.text += &broken.map_or(String::new(), |b| format!("; it does not open: {}", b.error));
    Ok(Series {
        uid: group.name.clone(),
        number: first.number,
        description: first.description.clone(),
        modality: first.modality.clone(),
        shape: [ordered.depth(), first.rows(), first.columns()],
        spacing_mm: geometry.spacing(),
        verdict,
        files,
    })
}

/// A file that cannot be examined, in the list.
fn lost(broken: &Broken) -> Series {
    Series {
        uid: broken.series.clone().unwrap_or_default(),
        number: None,
        description: broken.name.clone(),
        modality: String::new(),
        shape: [0; 3],
        spacing_mm: None,
        verdict: Verdict::unknown(&format!("cannot be examined: {}", broken.error)),
        files: 1,
    }
}
