//! Whether a text repeats who the patient is, in whichever way names, numbers and dates of birth are written.

use std::collections::BTreeSet;

/// Parts of names shorter than this occur in any text.
const SHORTEST: usize = 3;

/// Names from this length on are found within longer words too: `MUSTERERIKA1`.
const LONG: usize = 6;

/// Names in scripts without blanks are found from this length on, wherever they stand.
const UNSPACED: usize = 2;

/// Parts of a name: family, given, middle, prefix, suffix.
const PARTS: usize = 5;

/// Months by their first letters, in English and German.
const MONTHS: [&[&str]; 12] =
    [&["jan"], &["feb"], &["mar", "mae", "mrz"], &["apr"], &["may", "mai"], &["jun"], &["jul"], &["aug"], &["sep"], &["oct", "okt"], &["nov"], &["dec", "dez"]];

/// Names, numbers and dates of birth that no text may repeat; all folded.
#[derive(Default)]
pub(super) struct Names {
    /// What is a name where it stands alone.
    words: BTreeSet<String>,
    /// What is one in the midst of letters too.
    wholes: BTreeSet<String>,
    /// A date of birth in digits, in every order.
    born: BTreeSet<String>,
}

impl Names {
    /// A name (PS3.5 6.2.1: parts between `^`, ways of writing between `=`) or a number of a person.
    pub(super) fn add(&mut self, text: &str) {
        let ways = text.split(['=', '\\']);
        for form in ways.flat_map(folded) {
            self.words.extend(words(&form).filter(|w| w.chars().count() >= SHORTEST).map(String::from));
            let parts: Vec<String> = form.splitn(PARTS, '^').map(joined).collect();
            let pairs = parts.iter().enumerate().flat_map(|(i, a)| parts.iter().enumerate().filter(move |(j, _)| i != *j).map(move |(_, b)| format!("{a}{b}")));
            for whole in pairs.chain([parts.concat()]).chain(parts.iter().cloned()) {
                let length = whole.chars().count();
                // A number within a longer one is another number.
                let anywhere = if whole.contains(unspaced) { length >= UNSPACED } else { length >= LONG && whole.contains(char::is_alphabetic) };
                if anywhere {
                    self.wholes.insert(whole);
                } else if length >= SHORTEST {
                    self.words.insert(whole);
                }
            }
        }
    }

    /// A date of birth (PS3.5 6.2, DA).
    pub(super) fn add_birth(&mut self, date: &str) {
        let digits: String = date.chars().filter(char::is_ascii_digit).collect();
        let (Some(year), Some(month), Some(day), 8) = (digits.get(..4), digits.get(4..6), digits.get(6..8), digits.len()) else { return };
        for year in [year, &year[2..]] {
            self.born.extend([[year, month, day], [day, month, year], [month, day, year]].map(|parts| parts.concat()));
        }
    }

    /// Whether a text repeats one of them.
    pub(super) fn told(&self, text: &str) -> bool {
        folded(text).iter().any(|form| {
            let whole = joined(form);
            words(form).any(|w| self.words.contains(w)) || self.wholes.iter().any(|name| whole.contains(name.as_str())) || self.dated(form)
        })
    }

    /// Whether bytes do, in UTF-8 or in characters of one byte.
    pub(super) fn told_in(&self, bytes: &[u8]) -> bool {
        self.told(&String::from_utf8_lossy(bytes)) || self.told(&bytes.iter().copied().map(char::from).collect::<String>())
    }

    /// `19610417`, `17.4.1961`, `04/17/61`, `17 Apr 1961`.
    fn dated(&self, form: &str) -> bool {
        if self.born.is_empty() {
            return false;
        }
        let parts: Vec<String> = runs(form).map(|run| month(run).unwrap_or_else(|| format!("{run:0>2}"))).collect();
        parts.iter().any(|p| self.born.contains(p)) || parts.windows(3).any(|three| self.born.contains(&three.concat()))
    }
}

/// A text in small letters: umlauts written out, and without the marks of its letters.
fn folded(text: &str) -> [String; 2] {
    let lower = text.to_lowercase();
    let with = |of: fn((&'static str, &'static str)) -> &'static str| {
        let mut form = String::with_capacity(lower.len());
        for c in lower.chars() {
            match plain(c) {
                Some(forms) => form.push_str(of(forms)),
                None => form.push(c),
            }
        }
        form
    };
    [with(|f| f.0), with(|f| f.1)]
}

/// A small letter as those write it who have not got it: written out, and without its mark.
fn plain(c: char) -> Option<(&'static str, &'static str)> {
    Some(match c {
        'ä' => ("ae", "a"),
        'ö' | 'ø' => ("oe", "o"),
        'ü' => ("ue", "u"),
        'å' => ("aa", "a"),
        '\u{308}' => ("e", ""),
        'ß' => ("ss", "ss"),
        'æ' => ("ae", "ae"),
        'œ' => ("oe", "oe"),
        'þ' => ("th", "th"),
        'à' | 'á' | 'â' | 'ã' | 'ā' | 'ă' | 'ą' => ("a", "a"),
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => ("c", "c"),
        'ď' | 'đ' | 'ð' => ("d", "d"),
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => ("e", "e"),
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => ("g", "g"),
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ĭ' | 'į' | 'ı' => ("i", "i"),
        'ķ' => ("k", "k"),
        'ĺ' | 'ļ' | 'ľ' | 'ł' => ("l", "l"),
        'ñ' | 'ń' | 'ņ' | 'ň' => ("n", "n"),
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' | 'ŏ' | 'ő' => ("o", "o"),
        'ŕ' | 'ŗ' | 'ř' => ("r", "r"),
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => ("s", "s"),
        'ţ' | 'ť' | 'ŧ' | 'ț' => ("t", "t"),
        'ù' | 'ú' | 'û' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => ("u", "u"),
        'ý' | 'ÿ' => ("y", "y"),
        'ź' | 'ż' | 'ž' => ("z", "z"),
        '\u{300}'..='\u{36F}' => ("", ""),
        _ => return None,
    })
}

/// Letters and digits alone.
fn joined(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The words of a text, and the runs of letters and of digits in them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).chain(runs(text))
}

/// Runs of letters, and of digits.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| (c.is_numeric(), c.is_alphabetic());
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let first = kind(rest.chars().next()?);
        let (run, behind) = rest.split_at(rest.find(|c| kind(c) != first).unwrap_or(rest.len()));
        rest = behind;
        Some(run)
    })
}

/// The number of a month's name.
fn month(run: &str) -> Option<String> {
    let begins = |names: &&[&str]| names.iter().any(|name| run.starts_with(name));
    MONTHS.iter().position(begins).map(|n| format!("{:02}", n + 1))
}

/// Whether a letter is of a script that puts no blanks between words: Thai to Khmer, Chinese, Japanese, Korean.
fn unspaced(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Names {
        let mut names = Names::default();
        all.iter().for_each(|name| names.add(name));
        names.add_birth("19610417");
        names
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        for (name, text) in [
            ("Muster^Erika", "thorax of erika"),
            ("Muster^Erika", "MUSTERERIKA1 CT"),
            ("Muster^Erika", "ErikaMuster"),
            ("Wang^XiaoDong=王^小东", "王小东 CT"),
            ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎 CT"),
            ("Yamada^Tarou=山田^太郎=やまだ^たろう", "CT やまだ様"),
            ("Hong^Gildong=洪^吉洞=홍^길동", "홍길동 흉부"),
            ("Müller^Jörg", "MUELLER thorax"),
            ("Müller^Jörg", "muller thorax"),
            ("Müller^Jörg", "Mu\u{308}ller"),
            ("MUELLER^Joerg", "Kopf Jörg"),
            ("Nuñez^Ana", "nunez"),
            ("O'Connor^Ann", "OConnor chest"),
            ("van der Berg^Jan", "VanDerBerg abd"),
            ("Smith-Jones^Al", "SmithJones MR"),
            ("Smith^A", "SmithA CT"),
            ("ZQXID4711", "fat sat ZQXID-4711"),
            ("0012345", "pat0012345x"),
            ("Li^Bo", "LiBo head"),
        ] {
            assert!(names(&[name]).told(text), "{name} in {text}");
        }
    }

    #[test]
    fn dates_of_birth_are_found_in_their_spellings() {
        for text in ["19610417 follow-up", "born 17.04.1961", "dob 1961-04-17", "17.4.61", "04/17/1961", "610417", "17 Apr 1961", "17APR1961", "April 17, 1961"] {
            assert!(names(&[]).told(text), "{text}");
        }
        for text in ["19610418", "17.04.1962", "4.17", "1961"] {
            assert!(!names(&[]).told(text), "{text}");
        }
    }

    #[test]
    fn other_words_stay() {
        let all = names(&["Muster^Erika", "Li^Bo", "Klein^Al", "王^小东", "12345", "Hospital of Nowhere", "Jan^Nov"]);
        for text in ["thorax 5mm", "AX T2 FLAIR", "Kleinhirn", "calibovine", "王 CT", "t1_vibe 2x12345678", "LI", "flip 17 TE 4", "ORIGINAL"] {
            assert!(!all.told(text), "{text}");
        }
        assert!(!Names::default().told("anything"));
    }

    #[test]
    fn bytes_are_texts_too() {
        let all = names(&["Müller^Jörg"]);
        for bytes in [&b"\0\x01name = \"MUELLER\"\xFF"[..], b"\xFFM\xFCller\0", "\u{0}Müller\u{0}".as_bytes()] {
            assert!(all.told_in(bytes), "{bytes:?}");
        }
        assert!(!all.told_in(b"\0\x01\x02 SV10 nothing"));
    }
}
