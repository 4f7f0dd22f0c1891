//! A page of HTML, everything that it shows inside it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A page in the making: sections in order.
pub struct Page {
    title: String,
    body: String,
}

const STYLE: &str = "
:root { color-scheme: light; }
body { font: 16px/1.5 Georgia, 'Times New Roman', serif; color: #1d1d1f; background: #fff; margin: 0 auto; max-width: 60rem; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; border-bottom: 1px solid #d0d0d5; padding-bottom: .2rem; }
p, li { max-width: 46rem; }
p.lead { font-size: 1.1rem; }
p.faint, figcaption { color: #55555c; font-size: .9rem; }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; font-size: .93rem; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid #e4e4e8; vertical-align: top; }
th { font-weight: 600; }
td.n, th.n { text-align: right; padding-right: 1.3rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem 1.2rem; margin: 1.4rem 0; }
dt { color: #55555c; font-size: .9rem; }
dd { margin: 0; font-size: 1.35rem; }
figure { margin: 1.2rem 0; }
figure img, figure svg { max-width: 100%; height: auto; }
img.pixels { image-rendering: auto; }
.doubt { border-left: 4px solid #b7791f; padding: .1rem 0 .1rem 1rem; }
code { font: .88em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } h2 { break-after: avoid; } figure, table, dl { break-inside: avoid; } }
";

/// Characters that mean something in HTML, as text.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".into(),
            '<' => "&lt;".into(),
            '>' => "&gt;".into(),
            '"' => "&quot;".into(),
            '\'' => "&#39;".into(),
            c => c.to_string(),
        })
        .collect()
}

impl Page {
    /// A page with its title and a line below it.
    pub fn new(title: &str, below: &str) -> Page {
        let body = format!("<h1>{}</h1>\n<p class=\"faint\">{}</p>\n", escaped(title), escaped(below));
        Page { title: title.into(), body }
    }

    /// Begins a section.
    pub fn section(&mut self, title: &str) {
        self.body += &format!("<h2>{}</h2>\n", escaped(title));
    }

    /// A paragraph.
    pub fn text(&mut self, text: &str) {
        self.body += &format!("<p>{}</p>\n", escaped(text));
    }

    /// What the page says in one sentence.
    pub fn lead(&mut self, text: &str) {
        self.body += &format!("<p class=\"lead\">{}</p>\n", escaped(text));
    }

    /// A remark.
    pub fn remark(&mut self, text: &str) {
        self.body += &format!("<p class=\"faint\">{}</p>\n", escaped(text));
    }

    /// Names and values, side by side.
    pub fn figures(&mut self, pairs: &[(&str, String)]) {
        let pair = |(name, value): &(&str, String)| format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(name), escaped(value));
        self.body += &format!("<dl>\n{}</dl>\n", pairs.iter().map(pair).collect::<String>());
    }

    /// Sentences to think of.
    pub fn doubts(&mut self, texts: &[String]) {
        self.body += &format!("<div class=\"doubt\">{}</div>\n", list(texts));
    }

    /// Sentences, one a line.
    pub fn points(&mut self, texts: &[String]) {
        self.body += &list(texts);
    }

    /// A table; columns whose name begins with `#` are numbers.
    pub fn table(&mut self, columns: &[&str], rows: &[Vec<String>]) {
        let class = |c: &str| if c.starts_with('#') { " class=\"n\"" } else { "" };
        let head: String = columns.iter().map(|c| format!("<th{}>{}</th>", class(c), escaped(c.trim_start_matches('#')))).collect();
        let line = |row: &Vec<String>| -> String { row.iter().zip(columns).map(|(v, c)| format!("<td{}>{}</td>", class(c), escaped(v))).collect() };
        let lines: String = rows.iter().map(|r| format!("<tr>{}</tr>\n", line(r))).collect();
        self.body += &format!("<table>\n<tr>{head}</tr>\n{lines}</table>\n");
    }

    /// A picture's file (`image/png`, `image/gif`) and what it shows.
    pub fn picture(&mut self, kind: &str, bytes: &[u8], shows: &str) {
        let shows = escaped(shows);
        self.body += &format!("<figure><img class=\"pixels\" alt=\"{shows}\" src=\"data:{kind};base64,{}\"><figcaption>{shows}</figcaption></figure>\n", STANDARD.encode(bytes));
    }

    /// A drawing that is SVG already, and what it shows.
    pub fn drawing(&mut self, svg: &str, shows: &str) {
        self.body += &format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escaped(shows));
    }

    /// Text as a machine wrote it.
    pub fn code(&mut self, text: &str) {
        self.body += &format!("<p><code>{}</code></p>\n", escaped(text));
    }

    /// The whole file.
    pub fn html(&self) -> String {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
            escaped(&self.title),
            self.body
        )
    }
}

/// Sentences, one an item.
fn list(texts: &[String]) -> String {
    format!("<ul>{}</ul>\n", texts.iter().map(|t| format!("<li>{}</li>\n", escaped(t))).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_text() {
        let mut page = Page::new("<script>alert(1)</script>", "a & b");
        page.table(&["name", "#n"], &[vec!["\"x\" onload='y'".into(), "1".into()]]);
        let html = page.html();
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
        assert!(html.contains("&quot;x&quot; onload=&#39;y&#39;") && html.contains("<td class=\"n\">1</td>"), "{html}");
    }

    #[test]
    fn nothing_is_fetched() {
        let mut page = Page::new("t", "");
        page.picture("image/png", b"png", "a picture");
        page.drawing("<svg></svg>", "a drawing");
        assert!(!page.html().contains("http"), "{}", page.html());
    }
}
