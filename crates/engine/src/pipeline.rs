//! A chain of operations on a source, ended by a volume or a value.

use std::sync::Arc;

use isovox_ops::access::{Access, AnyReduce};
use isovox_ops::spec::{Kind, Operation, Spec};
use isovox_volume::{Error, Header, Object, Result, Run, Source, Step};
use serde_json::Value as Json;

use crate::adapt::decide::DecideSource;
use crate::adapt::facet::FacetSource;
use crate::adapt::gather::GatherSource;
use crate::adapt::halo::HaloSource;
use crate::adapt::join::JoinSource;
use crate::adapt::point::PointSource;
use crate::adapt::reduce::fold;
use crate::adapt::whole::WholeSource;
use crate::keep::Keep;
use crate::plan;
use crate::sweep::with_spare;

/// A chain being built, then run.
pub struct Pipeline {
    source: Arc<dyn Source>,
    links: Vec<Link>,
    whole: Vec<(String, usize)>,
    flight: usize,
    end: Option<End>,
}

struct Link {
    op: String,
    parameters: Json,
    /// What the step found, once prepared.
    found: Option<Box<dyn Fn() -> Json>>,
}

/// What ends a chain with something else than a volume.
struct End {
    name: String,
    last: Last,
}

enum Last {
    Value(Arc<dyn AnyReduce>, Vec<Arc<dyn Source>>),
    Mesh(Arc<FacetSource>),
}

/// What a chain gives.
pub struct Outcome {
    /// The volume (prepared, still flowing), table or picture.
    pub object: Object,
    /// The chain as the provenance tells it.
    pub steps: Vec<Step>,
}

/// A further input of an operation, by the name of its port.
pub type Other = (String, Arc<dyn Source>);

impl Pipeline {
    /// A chain that begins at a source.
    pub fn new(source: Arc<dyn Source>) -> Pipeline {
        Pipeline { source, links: Vec::new(), whole: Vec::new(), flight: 0, end: None }
    }

    /// The header of what flows at the end so far.
    pub fn header(&self) -> &Header {
        self.source.header()
    }

    /// The source at the end so far.
    pub fn source(&self) -> Arc<dyn Source> {
        self.source.clone()
    }

    /// Appends an operation; fails when it does not take what flows there.
    pub fn then(mut self, op: Box<dyn Operation>, others: Vec<Other>) -> Result<Pipeline> {
        let spec = op.spec();
        if let Some(end) = &self.end {
            return Err(Error::parameter(format_args!("{} after {}", spec.name, end.name)).help(format_args!("{} ends a chain: it gives no volume", end.name)));
        }
        let parameters = op.parameters();
        let mut inputs = vec![self.source.clone()];
        inputs.extend(ports(&spec, others)?);
        let name = spec.name;
        let mut link = Link { op: name.into(), parameters, found: None };
        let access = op.access();
        // Of the further inputs of a Gather only the grid counts.
        if !matches!(access, Access::Gather(_)) {
            same_frames(&inputs)?;
            // A step may sweep its inputs by themselves, long before the end of the chain is pulled.
            self.flight = self.flight.max(inputs.iter().map(|i| i.flight(1)).fold(0, usize::saturating_add));
        }
        self.source = match access {
            Access::Point(op) => Arc::new(PointSource::new(op, self.source)?),
            Access::Halo(op) => Arc::new(HaloSource::new(op, self.source)?),
            Access::Gather(op) => {
                self.flight = self.flight.max(self.source.flight(1));
                let gather = Arc::new(GatherSource::onto(name, op.as_ref(), &inputs)?);
                let told = gather.clone();
                link.found = Some(Box::new(move || told.found()));
                gather
            }
            Access::Join(op) => Arc::new(JoinSource::new(name, op, self.source)?),
            Access::Whole(op) => {
                let whole = WholeSource::new(name, op, self.source)?;
                self.whole.push((name.into(), whole.needs()));
                Arc::new(whole)
            }
            Access::Decide(op) => {
                inputs[0] = Keep::wrap(self.source);
                let decide = Arc::new(DecideSource::new(name, op, inputs)?);
                let told = decide.clone();
                link.found = Some(Box::new(move || told.found()));
                decide
            }
            Access::Reduce(op) => {
                let headers: Vec<&Header> = inputs.iter().map(|i| i.header()).collect();
                op.check(&headers)?;
                // A value that takes several sweeps pulls its input again.
                let source = self.source;
                self.end = Some(End { name: name.into(), last: Last::Value(op, inputs) });
                source
            }
            Access::Facet(op) => {
                let source = self.source;
                let mesh = FacetSource::new(name, op, source.clone())?;
                self.flight = self.flight.max(mesh.flight());
                self.end = Some(End { name: name.into(), last: Last::Mesh(Arc::new(mesh)) });
                source
            }
        };
        self.links.push(link);
        Ok(self)
    }

    /// What the chain gives: volume, table or picture.
    pub fn output(&self, specs: &[Spec]) -> Kind {
        specs.last().map_or(Kind::SameType, |s| s.output)
    }

    /// Whether the chain ends in a value and not in a volume.
    pub fn ends_in_value(&self) -> bool {
        self.end.is_some()
    }

    /// Plans, prepares, and folds the value if the chain ends in one.
    pub fn run(self, run: &Run) -> Result<Outcome> {
        plan::check(run, with_spare(self.flight.max(self.source.flight(1))), &self.whole)?;
        let mut ended = Json::Null;
        let object = match self.end {
            None => {
                self.source.prepare(run)?;
                Object::Volume(self.source)
            }
            Some(End { last: Last::Mesh(mesh), .. }) => {
                self.source.prepare(run)?;
                Object::Mesh(mesh)
            }
            Some(End { name, last: Last::Value(op, inputs) }) => {
                inputs.iter().try_for_each(|i| i.prepare(run))?;
                let sources: Vec<&dyn Source> = inputs.iter().map(AsRef::as_ref).collect();
                let headers: Vec<&Header> = inputs.iter().map(|i| i.header()).collect();
                let value = fold(run, &name, op.as_ref(), &sources)?;
                ended = op.found(&value);
                op.object(&value, &headers)?
            }
        };
        let told = |l: Link| Step { op: l.op, parameters: l.parameters, found: l.found.map_or(Json::Null, |told| told()) };
        let mut steps: Vec<Step> = self.links.into_iter().map(told).collect();
        // A value ends the chain: what it found belongs to the last step.
        steps.last_mut().filter(|_| !ended.is_null()).into_iter().for_each(|step| step.found = ended.clone());
        Ok(Outcome { object, steps })
    }
}

/// Refuses further inputs that have neither one frame, which serves all, nor as many as the first.
fn same_frames(inputs: &[Arc<dyn Source>]) -> Result<()> {
    let count = inputs[0].header().frames.count;
    match inputs.iter().map(|i| i.header().frames.count).find(|&n| n != 1 && n != count) {
        Some(n) => Err(Error::parameter("further input").found(format_args!("{n} frames")).expected(format_args!("1 or {count}")).help("choose one with --frame N")),
        None => Ok(()),
    }
}

/// The further inputs in the order of the ports; one that no port takes is an error.
fn ports(spec: &Spec, mut others: Vec<Other>) -> Result<Vec<Arc<dyn Source>>> {
    let mut inputs = Vec::new();
    for port in &spec.inputs[1..] {
        match others.iter().position(|(name, _)| name == port.name) {
            Some(at) => inputs.push(others.swap_remove(at).1),
            None if port.required => return Err(Error::parameter(format_args!("{} needs --{}", spec.name, port.name))),
            None => {}
        }
    }
    match others.first() {
        Some((name, _)) => Err(Error::parameter(format_args!("{} has no input --{name}", spec.name))),
        None => Ok(inputs),
    }
}
