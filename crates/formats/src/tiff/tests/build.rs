//! TIFF files made field by field, right or wrong.

/// A file of pages: tags, and chunks. Values that do not fit a field go before its directory.
#[derive(Clone, Default)]
pub(super) struct Build {
    pub(super) big: bool,
    pub(super) tags: Vec<(u16, u16, Vec<u64>)>,
    pub(super) chunks: Vec<Vec<u8>>,
    pub(super) text: &'static str,
    pub(super) pages: usize,
    /// Bytes behind the chunks of each page.
    pub(super) after: Vec<u8>,
    /// Whether each directory names itself as the next.
    pub(super) looped: bool,
}

impl Build {
    /// One grey page of one chunk.
    pub(super) fn new(width: u64, height: u64, bits: u64, chunk: &[u8]) -> Build {
        let tags = vec![(256, 4, vec![width]), (257, 4, vec![height]), (258, 3, vec![bits]), (262, 3, vec![1])];
        Build { tags, chunks: vec![chunk.to_vec()], pages: 1, ..Build::default() }
    }

    /// The same with a tag of one short value.
    pub(super) fn tag(mut self, tag: u16, value: u64) -> Build {
        self.tags.retain(|t| t.0 != tag);
        self.tags.push((tag, 3, vec![value]));
        self
    }

    fn number(&self, value: u64, bytes: usize) -> Vec<u8> {
        if self.big { value.to_be_bytes()[8 - bytes..].to_vec() } else { value.to_le_bytes()[..bytes].to_vec() }
    }

    /// Its bytes.
    pub(super) fn file(&self) -> Vec<u8> {
        let file = [if self.big { &b"MM"[..] } else { b"II" }, &self.number(42, 2), &self.number(0, 4)].concat();
        self.behind(file, 4)
    }

    /// Its pages behind others; the place of the first goes to byte `link`, where the last of the others says 0.
    pub(super) fn behind(&self, mut file: Vec<u8>, mut link: usize) -> Vec<u8> {
        for page in 0..self.pages {
            let tags = self.page(page, &mut file);
            let fields: Vec<u8> = tags.iter().flat_map(|tag| self.field(tag, &mut file)).collect();
            let here = self.number(file.len() as u64, 4);
            file[link..link + 4].copy_from_slice(&here);
            file.extend(self.number(tags.len() as u64, 2));
            file.extend(fields);
            link = file.len();
            file.extend(if self.looped { here } else { self.number(0, 4) });
        }
        file
    }

    /// Writes a page's chunks; gives its tags.
    fn page(&self, page: usize, file: &mut Vec<u8>) -> Vec<(u16, u16, Vec<u64>)> {
        let (places, lengths) = if self.tags.iter().any(|t| t.0 == 322) { (324, 325) } else { (273, 279) };
        let mut tags = self.tags.clone();
        let mut starts = Vec::new();
        for chunk in &self.chunks {
            starts.push(file.len() as u64);
            file.extend(chunk);
        }
        file.extend(&self.after);
        tags.push((places, 4, starts));
        tags.push((lengths, 4, self.chunks.iter().map(|c| c.len() as u64).collect()));
        if page == 0 && !self.text.is_empty() {
            tags.push((270, 2, self.text.bytes().map(u64::from).chain([0]).collect()));
        }
        tags
    }

    /// A tag's field; long values go to the file. A fraction is given as numerator and denominator in one number.
    fn field(&self, (tag, kind, values): &(u16, u16, Vec<u64>), file: &mut Vec<u8>) -> Vec<u8> {
        let value = |v: u64| match kind {
            2 => self.number(v, 1),
            3 => self.number(v, 2),
            5 => [self.number(v >> 32, 4), self.number(v & 0xffff_ffff, 4)].concat(),
            _ => self.number(v, 4),
        };
        let mut bytes: Vec<u8> = values.iter().flat_map(|&v| value(v)).collect();
        if bytes.len() > 4 {
            let at = self.number(file.len() as u64, 4);
            file.extend(std::mem::replace(&mut bytes, at));
        }
        bytes.resize(4, 0);
        [self.number(u64::from(*tag), 2), self.number(u64::from(*kind), 2), self.number(values.len() as u64, 4), bytes].concat()
    }
}
