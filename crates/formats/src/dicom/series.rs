//! Which files belong together, and which of several series is meant.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use isovox_volume::{Error, Result, Run, Verdict};

use super::slice::{File, Slice, read};
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
    /// Each of one series, size and orientation, with its name: the UID, and a number where the UID has several.
    pub(super) groups: Vec<(String, Vec<Slice>)>,
    pub(super) others: Vec<String>,
}

/// Reads the headers of all files, some threads at a time.
///
/// Errors: those of the first file that begins as a DICOM file and cannot be read as one.
pub(super) fn find(inputs: &[Input], options: &OpenOptions) -> Result<Found> {
    let mut images: Vec<Slice> = Vec::new();
    let mut others = Vec::new();
    for (file, input) in examined(inputs, options).into_iter().zip(inputs) {
        match file? {
            Some(File::Images(slices)) => images.extend(slices),
            Some(File::Other(what)) => others.push(format!("{} ({what})", input.name())),
            None => others.push(input.name().to_string()),
        }
    }
    Ok(Found { groups: grouped(images)?, others })
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
fn grouped(images: Vec<Slice>) -> Result<Vec<(String, Vec<Slice>)>> {
    let mut groups: Vec<Vec<Slice>> = Vec::new();
    for slice in images {
        match groups.iter().position(|g| g[0].series == slice.series && g[0].fits(&slice)) {
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
    let names: Vec<String> = (0..groups.len())
        .map(|i| {
            let uid = &groups[i][0].series;
            if of_series(&groups, uid) > 1 { format!("{uid}#{}", of_series(&groups[..=i], uid)) } else { uid.clone() }
        })
        .collect();
    Ok(names.into_iter().zip(groups).collect())
}

impl Found {
    /// Each series, for a list.
    pub(super) fn list(self) -> Result<Vec<Series>> {
        self.groups.into_iter().map(|(uid, slices)| described(uid, slices)).collect()
    }

    /// The slices of the one that is meant: by UID, number, or a text of the description.
    ///
    /// Errors: `NotFound` without an image; `Parameter` where several or none fit.
    pub(super) fn choose(mut self, wanted: Option<&str>) -> Result<(Vec<Slice>, Vec<String>)> {
        let fits = |(uid, slices): &(String, Vec<Slice>)| wanted.is_none_or(|wanted| meant(wanted.trim(), uid, &slices[0]));
        let fitting: Vec<usize> = (0..self.groups.len()).filter(|&i| fits(&self.groups[i])).collect();
        if self.groups.is_empty() {
            let found = if self.others.is_empty() { "no file".into() } else { super::shortened(&self.others, NAMED) };
            return Err(Error::not_found("a DICOM image").found(found));
        }
        match fitting[..] {
            [one] => {
                let other_series = self.groups.len() - 1;
                let (_, slices) = self.groups.swap_remove(one);
                let mut warnings = Vec::new();
                if !self.others.is_empty() {
                    warnings.push(format!("not among the slices: {}", super::shortened(&self.others, NAMED)));
                }
                if other_series > 0 {
                    warnings.push(format!("{other_series} other series lie beside this one"));
                }
                Ok((slices, warnings))
            }
            ref fitting => {
                let shown: Vec<usize> = if fitting.is_empty() { (0..self.groups.len()).collect() } else { fitting.to_vec() };
                let what = if fitting.is_empty() { "no series fits" } else { "several series" };
                let list: Vec<String> = shown.into_iter().map(|i| line(&self.groups[i])).collect();
                Err(Error::parameter(what).found(list.concat()).help("choose one with --series UID, NUMBER or a text of its description"))
            }
        }
    }
}

fn meant(wanted: &str, uid: &str, slice: &Slice) -> bool {
    let by_number = slice.number.is_some_and(|n| wanted == n.to_string());
    let by_text = !wanted.is_empty() && wanted.parse::<i64>().is_err() && slice.description.to_lowercase().contains(&wanted.to_lowercase());
    wanted == uid || by_number || by_text
}

fn line((uid, slices): &(String, Vec<Slice>)) -> String {
    let first = &slices[0];
    let number = first.number.map_or("-".into(), |n| n.to_string());
    format!("\n  {number}  {}  {:?}  {} slices of {}x{}  {uid}", first.modality, first.description, slices.len(), first.columns(), first.rows())
}

fn described(uid: String, slices: Vec<Slice>) -> Result<Series> {
    let files = slices.iter().map(|s| Arc::as_ptr(&s.stored)).collect::<BTreeSet<_>>().len();
    let ordered = order::order(slices)?;
    let (geometry, _) = geometry::of(&ordered);
    let first = &ordered.planes[0];
    Ok(Series {
        uid,
        number: first.number,
        description: first.description.clone(),
        modality: first.modality.clone(),
        shape: [ordered.depth(), first.rows(), first.columns()],
        spacing_mm: geometry.spacing(),
        verdict: ordered.verdict.clone(),
        files,
    })
}
