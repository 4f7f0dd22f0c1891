//! [`Decide`](isovox_ops::access::Decide) as a source: a value from a first sweep, then a point operation.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use isovox_ops::access::AnyDecide;
use isovox_ops::erased::Opaque;
use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Error, Header, Result, Run, Slab, Source};
use serde_json::Value as Json;

use crate::adapt::reduce::fold;

/// An operation that decides by a value of the whole.
pub struct DecideSource {
    inputs: Vec<Arc<dyn Source>>,
    op: Arc<dyn AnyDecide>,
    name: String,
    header: Header,
    value: OnceLock<Opaque>,
}

impl DecideSource {
    /// Fails when the operation does not take the inputs. The first input is pulled twice and should lend.
    pub fn new(name: &str, op: Arc<dyn AnyDecide>, inputs: Vec<Arc<dyn Source>>) -> Result<DecideSource> {
        let headers: Vec<&Header> = inputs.iter().map(|i| i.header()).collect();
        let header = op.header(&headers)?;
        Ok(DecideSource { inputs, op, name: name.into(), header, value: OnceLock::new() })
    }

    /// What was found, once prepared.
    pub fn found(&self) -> Json {
        self.value.get().map_or(Json::Null, |v| self.op.fold().found(v))
    }
}

struct Walk<'a> {
    source: &'a DecideSource,
    value: &'a Opaque,
    input: Box<dyn Cursor + 'a>,
    frame: usize,
    pool: Pool,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let planes = self.input.pull(z.clone())?;
        let DecideSource { op, header, .. } = self.source;
        let (value, frame) = (self.value, self.frame);
        self.pool.slab(z, header.voxel, header.plane(), |out| {
            op.apply(value, frame, &planes, out);
            Ok(())
        })
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.source.op.apply(self.value, self.frame, &self.input.pull(z)?, out);
        Ok(())
    }
}

impl Source for DecideSource {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        if self.value.get().is_some() {
            return Ok(());
        }
        let inputs: Vec<&dyn Source> = self.inputs.iter().map(AsRef::as_ref).collect();
        for input in &inputs {
            input.prepare(run)?;
        }
        let value = fold(run, &self.name, self.op.fold(), &inputs)?;
        // A second caller cannot have come between: sources are prepared by one thread.
        let _ = self.value.set(value);
        Ok(())
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let value = self.value.get().ok_or_else(|| Error::parameter(format_args!("{} was pulled before it was prepared", self.name)))?;
        Ok(Box::new(Walk { source: self, value, input: self.inputs[0].open(run, frame, z)?, frame, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        let inputs: usize = self.inputs.iter().map(|i| i.flight(planes)).fold(0, usize::saturating_add);
        inputs.saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }
}
