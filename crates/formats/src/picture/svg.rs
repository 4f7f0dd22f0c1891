//! Figures as SVG 1.1, readable by browsers, LaTeX's tools and word processors.

use std::fmt::Write;

use isovox_volume::{Anchor, Figure, Shape, Text};

/// The element that holds the provenance.
const OPEN: &str = "<metadata id=\"isovox\">";
const CLOSE: &str = "</metadata>";

/// A figure as SVG text; the same figure gives the same bytes.
pub fn encode(figure: &Figure, provenance: Option<&str>) -> String {
    let (w, h) = (figure.width, figure.height);
    // Letters are narrower than those of the pixels, which the places were made for: nothing can overlap.
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\">\n<title>{}</title>\n",
        escaped(&figure.title)
    );
    if let Some(text) = provenance {
        let _ = writeln!(out, "{OPEN}{}{CLOSE}", escaped(text));
    }
    let _ = writeln!(out, "<rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>");
    figure.shapes.iter().for_each(|s| shape(&mut out, s));
    out + "</svg>\n"
}

fn shape(out: &mut String, shape: &Shape) {
    let _ = match shape {
        Shape::Line { points, width, colour } => {
            let points: Vec<String> = points.iter().map(|p| format!("{},{}", number(p[0]), number(p[1]))).collect();
            writeln!(out, "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"/>", points.join(" "), hex(*colour), number(*width))
        }
        Shape::Area { from, to, colour } => {
            let [x, y, w, h] = [from[0], from[1], to[0] - from[0], to[1] - from[1]].map(number);
            writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{}\"/>", hex(*colour))
        }
        Shape::Text(text) => write_text(out, text),
    };
}

fn write_text(out: &mut String, text: &Text) -> std::fmt::Result {
    let [x, y] = text.at.map(number);
    let anchor = match text.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    // A line of text is a quarter higher than its letters' size; its middle is a third of that above the base line.
    let size = text.size.pixels() as f64 * 0.8;
    let turned = if text.upward { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
    writeln!(
        out,
        "<text x=\"{x}\" y=\"{y}\" dy=\"{}\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"{}\"{turned}>{}</text>",
        number(size * 0.36),
        number(size),
        hex(text.colour),
        escaped(&text.text)
    )
}

/// To a hundredth of a pixel, without trailing zeros.
fn number(v: f64) -> String {
    let text = format!("{v:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".into() } else { short.into() }
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Text as XML 1.0 may hold it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\t' | '\n' | ' '.. => out.push(c),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    out
}

/// The provenance in an SVG that isovox wrote.
pub(super) fn provenance(bytes: &[u8]) -> Option<serde_json::Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let inner = text.split_once(OPEN)?.1.split_once(CLOSE)?.0;
    let plain = inner.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    serde_json::from_str(&plain).ok()
}

#[cfg(test)]
mod tests {
    use isovox_volume::TextSize;

    use super::*;

    fn figure(text: &str) -> Figure {
        let text = Text { text: text.into(), at: [10.0, 20.125], anchor: Anchor::End, size: TextSize::Medium, upward: true, colour: [255, 0, 16] };
        let line = Shape::Line { points: vec![[0.5, 1.0], [-2.0, 3.25]], width: 1.5, colour: [1, 2, 3] };
        Figure { width: 30, height: 40, title: "a < b & c".into(), shapes: vec![line, Shape::Area { from: [1.0, 2.0], to: [4.0, 8.5], colour: [0; 3] }, Shape::Text(text)] }
    }

    #[test]
    fn shapes_stand_in_their_order() {
        let svg = encode(&figure("µm³"), None);
        assert!(svg.contains("<title>a &lt; b &amp; c</title>"));
        let line = svg.find("points=\"0.5,1 -2,3.25\" fill=\"none\" stroke=\"#010203\" stroke-width=\"1.5\"").unwrap();
        let area = svg.find("<rect x=\"1\" y=\"2\" width=\"3\" height=\"6.5\"").unwrap();
        let text = svg.find("text-anchor=\"end\" fill=\"#ff0010\" transform=\"rotate(-90 10 20.12)\">µm³</text>").unwrap();
        assert!(line < area && area < text);
    }

    #[test]
    fn any_text_is_well_formed() {
        let svg = encode(&figure("<&\">\u{1}\u{7f}'"), None);
        assert!(svg.contains("&lt;&amp;&quot;&gt;\u{fffd}\u{7f}'</text>"));
    }

    #[test]
    fn provenance_is_read_back() {
        let told = serde_json::json!({"command": ["isovox", "a & b <c>.tif", "\"&lt;"]});
        assert_eq!(provenance(encode(&figure("x"), Some(&told.to_string())).as_bytes()), Some(told));
        assert_eq!(provenance(b"<svg></svg>"), None);
    }
}
