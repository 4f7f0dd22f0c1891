//! The same input and parameters give the same bits: every operation, in memory or not, for any slab height and any threads.

#[path = "conformance/fill.rs"]
mod fill;
#[path = "conformance/found.rs"]
mod found;
#[path = "conformance/inputs.rs"]
mod inputs;
#[path = "conformance/leaf.rs"]
mod leaf;
#[path = "conformance/ops.rs"]
mod ops;
#[path = "conformance/settings.rs"]
mod settings;

use isovox_ops::access::Edge;
use isovox_ops::spec::{Entry, Kind, Operation, Port, Spec, Values};
use isovox_volume::{Header, Result, Volume};

use crate::found::Found;
use crate::settings::{Case, Setting, many, same_bits, some};

/// An operation is judged by at least so many inputs that it takes.
const INPUTS: usize = 3;

type Others = Vec<(&'static str, Volume)>;

/// Further inputs for a grid: none where none is needed, all, and all with the input's number of frames.
fn others(spec: &Spec, header: &Header) -> Vec<Others> {
    let ports = &spec.inputs[1..];
    let mut lists = Vec::new();
    if ports.iter().all(|p| !p.required) {
        lists.push(Vec::new());
    }
    if !ports.is_empty() {
        let count = header.frames.count;
        lists.push(ports.iter().map(|p| (p.name, other(p, header, 1, false))).collect());
        lists.push(ports.iter().map(|p| (p.name, other(p, header, count, true))).collect());
    }
    lists
}

fn other(port: &Port, header: &Header, frames: usize, float: bool) -> Volume {
    match port.kind {
        Kind::Mask | Kind::Label => inputs::mask_for(header, frames),
        _ => inputs::image_for(header, frames, float),
    }
}

/// Runs one operation on one input with one set of further inputs.
fn one(entry: &Entry, values: &Values, input: &Volume, others: &Others, settings: &[Setting]) -> std::result::Result<Result<Found>, String> {
    let chain = || Ok(vec![(entry.build)(values)?]);
    same_bits(&Case { chain: &chain, input, others }, settings)
}

/// What is wrong with an operation: bits that differ, too few inputs that it takes, results that never vary.
fn conforms(entry: &Entry) -> std::result::Result<(), String> {
    let spec = (entry.spec)();
    let mut found = Vec::new();
    for (name, input) in inputs::all() {
        let lists = others(&spec, input.header());
        let mut taken = None;
        for (v, values) in fill::variants(&spec).iter().enumerate() {
            // Variants have all further inputs; what the operation is judged by also has none, and then runs in every way.
            let first = if v == 0 { 0 } else { lists.len() - 1 };
            for (l, others) in lists.iter().enumerate().skip(first) {
                let settings = if v == 0 && l == 0 { many() } else { some() };
                let context = |e: String| format!("{} of {name}, {values:?}, {} further inputs: {e}", spec.name, others.len());
                let result = one(entry, values, &input, others, &settings).map_err(context)?;
                taken = taken.or(result.ok().filter(|_| v == 0));
            }
        }
        found.extend(taken);
    }
    if found.len() < INPUTS {
        return Err(format!("{} takes {} of the inputs, {INPUTS} at least are asked for", spec.name, found.len()));
    }
    if vary(&found) { Ok(()) } else { Err(format!("{} gives the same everywhere: its result proves nothing", spec.name)) }
}

fn vary(found: &[Found]) -> bool {
    found.iter().any(|f| if f.volume { !f.constant() } else { *f != found[0] })
}

#[test]
fn every_operation_gives_the_same_bits() {
    let list: Vec<&Entry> = isovox_ops::all().map(|(_, entry)| entry).collect();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let halves: Vec<_> = (0..2).map(|half| list.iter().skip(half).step_by(2).copied().collect::<Vec<_>>()).collect();
        let threads: Vec<_> = halves.into_iter().map(|half| scope.spawn(move || half.into_iter().filter_map(|e| conforms(e).err()).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with an operation written by hand, on all inputs.
fn by_hand(op: impl Fn() -> ops::Hand) -> std::result::Result<usize, String> {
    let chain = || Ok(vec![Box::new(op()) as Box<dyn Operation>]);
    let mut taken = 0;
    for (name, input) in inputs::few() {
        let result = same_bits(&Case { chain: &chain, input: &input, others: &[] }, &many());
        taken += usize::from(result.map_err(|e| format!("{name}: {e}"))?.is_ok());
    }
    Ok(taken)
}

#[track_caller]
fn check(op: impl Fn() -> ops::Hand) {
    let taken = by_hand(op).unwrap();
    assert!(taken >= INPUTS);
}

#[track_caller]
fn check_caught(op: impl Fn() -> ops::Hand) {
    assert!(by_hand(op).is_err(), "an operation that depends on the cut was not caught");
}

#[test]
fn operations_that_depend_on_the_cut_are_caught() {
    check_caught(|| ops::point(ops::SlabHeight));
    check_caught(|| ops::gather(ops::FirstOnly));
    check_caught(|| ops::reduce(ops::Sum { exact: true }));
}

#[test]
fn inexact_sums_are_folded_in_blocks() {
    check(|| ops::reduce(ops::Sum { exact: false }));
}

#[test]
fn halos_of_any_height_and_edge() {
    for edge in [Edge::Nearest, Edge::Reflect, Edge::Mirror, Edge::Wrap, Edge::Zero] {
        for radius in [0, 2, 60] {
            check(|| ops::halo(ops::Column3 { radius, edge }));
        }
    }
}

#[test]
fn regions_may_lie_anywhere() {
    check(|| ops::gather(ops::FlipZ));
    check(|| ops::gather(ops::Shear));
}

#[test]
fn everything_at_once() {
    check(|| ops::whole(ops::Backwards));
}

/// A chain in words, `op name=value name=value ! op`; `by-hand` operations by their names here.
fn parse(words: &str) -> Result<Vec<Box<dyn Operation>>> {
    words.split(" ! ").map(step).collect()
}

fn step(words: &str) -> Result<Box<dyn Operation>> {
    let mut words = words.split(' ');
    let name = words.next().unwrap();
    let hand = |op: ops::Hand| -> Result<Box<dyn Operation>> { Ok(Box::new(op)) };
    match name {
        "column" => return hand(ops::halo(ops::Column3 { radius: 2, edge: Edge::Nearest })),
        "flip" => return hand(ops::gather(ops::FlipZ)),
        "shear" => return hand(ops::gather(ops::Shear)),
        "backwards" => return hand(ops::whole(ops::Backwards)),
        _ => {}
    }
    let mut values = Values::default();
    for (key, value) in words.filter_map(|w| w.split_once('=')) {
        values.set(key, value);
    }
    (isovox_ops::find(name)?.build)(&values)
}

/// The chain gives the same bits on every input that it takes, of which there are enough.
#[track_caller]
fn check_chain(words: &str) {
    let mut found = Vec::new();
    for (name, input) in inputs::all() {
        let frames = input.header().frames.count;
        let others = [("image", inputs::image_for(input.header(), frames, true))];
        let case = Case { chain: &|| parse(words), input: &input, others: &others };
        let result = same_bits(&case, &some());
        found.extend(result.unwrap_or_else(|e| panic!("{words}: {name}: {e}")).ok());
    }
    assert!(found.len() >= INPUTS && vary(&found), "{words}: {} inputs taken", found.len());
}

#[test]
fn chains_give_the_same_bits() {
    check_chain("otsu ! label ! measure unit=vox");
    check_chain("column ! otsu dark=true ! label connectivity=26 ! remove-small min=3 ! measure median=true");
    check_chain("label ! keep-largest count=3 ! crop region=:,:,1: ! statistics");
    check_chain("otsu ! otsu ! label any=true");
    check_chain("column ! flip ! column ! shear ! statistics");
    check_chain("otsu ! keep-largest count=5 ! fill-holes ! clear-border ! measure");
    check_chain("threshold lower=1 ! remove-small min=2 ! fill-holes per-slice=true max=3 ! label ! colour-labels");
    check_chain("threshold lower=1 ! backwards ! label connectivity=18 ! measure");
    check_chain("label ! label any=true ! label connectivity=26 ! histogram");
    check_chain("column ! backwards ! otsu per-slice=true ! column");
}
