//! Python literals, as far as array headers have them: strings, numbers, booleans, tuples, lists and dictionaries.
//!
//! Nothing is evaluated: a name or a call is an error.

use isovox_volume::{Error, Result};

/// How deep literals may nest; headers of plain arrays need three.
const DEEPEST: usize = 8;

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    /// `'text'`
    Text(String),
    /// `12`, also `12L` as Python 2 wrote it.
    Number(u64),
    /// `True` or `False`
    Bool(bool),
    /// `(..)` or `[..]`
    List(Vec<Literal>),
    /// `{'key': value}`
    Dict(Vec<(String, Literal)>),
}

/// The one literal of a text; blanks may follow.
pub(super) fn parse(text: &[u8]) -> Result<Literal> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    parser.blanks();
    if parser.at < text.len() { Err(parser.wrong("the end of the header")) } else { Ok(value) }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Whether the next thing is this byte, which is then taken.
    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn wrong(&self, expected: &str) -> Error {
        let rest = &self.text[self.at.min(self.text.len())..];
        let found = String::from_utf8_lossy(&rest[..rest.len().min(24)]).into_owned();
        Error::corrupt("array header")
            .found(if found.is_empty() { "its end".into() } else { format!("{found:?}") })
            .expected(expected)
            .help("headers hold plain values only; nothing in them is run. Save the array again with numpy.save")
    }

    fn value(&mut self, depth: usize) -> Result<Literal> {
        if depth > DEEPEST {
            return Err(self.wrong("fewer brackets inside each other"));
        }
        self.blanks();
        match self.peek() {
            Some(b'\'' | b'"') => self.string().map(Literal::Text),
            Some(b'0'..=b'9') => self.number(),
            Some(b'(') => self.list(b')', depth),
            Some(b'[') => self.list(b']', depth),
            Some(b'{') => self.dict(depth),
            _ if self.word("True") => Ok(Literal::Bool(true)),
            _ if self.word("False") => Ok(Literal::Bool(false)),
            _ => Err(self.wrong("a plain value")),
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let there = self.text[self.at..].starts_with(word.as_bytes());
        if there {
            self.at += word.len();
        }
        there
    }

    fn string(&mut self) -> Result<String> {
        let quote = self.text[self.at];
        let rest = &self.text[self.at + 1..];
        let end = rest.iter().position(|&b| b == quote || b == b'\\').ok_or_else(|| self.wrong("a closed string"))?;
        if rest[end] != quote {
            return Err(self.wrong("a string without backslashes"));
        }
        self.at += end + 2;
        Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
    }

    fn number(&mut self) -> Result<Literal> {
        let digits = self.text[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.text[self.at..self.at + digits]).expect("digits are ASCII");
        let value = text.parse().map_err(|_| self.wrong("a number below 2^64"))?;
        self.at += digits;
        self.at += usize::from(self.peek() == Some(b'L'));
        Ok(Literal::Number(value))
    }

    fn list(&mut self, close: u8, depth: usize) -> Result<Literal> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(self.value(depth + 1)?);
            if !self.take(b',') {
                if self.take(close) {
                    break;
                }
                return Err(self.wrong("a comma or a closing bracket"));
            }
        }
        Ok(Literal::List(items))
    }

    fn dict(&mut self, depth: usize) -> Result<Literal> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.take(b'}') {
            let Literal::Text(key) = self.value(depth + 1)? else { return Err(self.wrong("a key in quotes")) };
            if !self.take(b':') {
                return Err(self.wrong("a colon after a key"));
            }
            items.push((key, self.value(depth + 1)?));
            if !self.take(b',') {
                if self.take(b'}') {
                    break;
                }
                return Err(self.wrong("a comma or a closing bracket"));
            }
        }
        Ok(Literal::Dict(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_parse() {
        let parsed = parse(b"{'a': (1, 2L,), \"b\": [True], 'c': 'x', } \n").unwrap();
        let list = |items| Literal::List(items);
        let expected =
            vec![("a".into(), list(vec![Literal::Number(1), Literal::Number(2)])), ("b".into(), list(vec![Literal::Bool(true)])), ("c".into(), Literal::Text("x".into()))];
        assert_eq!(parsed, Literal::Dict(expected));
    }

    #[test]
    fn anything_else_is_an_error() {
        for text in ["", "os", "f()", "(1", "{'a' 1}", "{1: 2}", "'a\\n'", "'a", "1 + 2", "-1", "99999999999999999999", "(1, 2) x", "None"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse("(".repeat(100_000).as_bytes()).is_err());
    }
}
