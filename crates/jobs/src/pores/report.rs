//! The report: what was done, what was found, and what to doubt, in words that a materials scientist can hand in.

use isovox_formats::picture::encode_svg;
use isovox_ops::measure::objects::Objects;
use isovox_ops::measure::size_distribution::{Distribution, touches};
use isovox_ops::picture::chart::SIZE;
use isovox_ops::picture::size_distribution_plot::{chart, unit};
use serde_json::Value as Json;

use super::charts;
use super::doubts::doubts;
use super::literal::Literal;
use super::summary::Summary;
use crate::report::Page;

/// A picture file of the job and what it shows.
pub(super) struct Shown {
    pub(super) kind: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) shows: String,
}

/// What the report tells.
pub(super) struct Facts<'a> {
    /// The scan's name.
    pub(super) name: &'a str,
    pub(super) summary: &'a Summary,
    pub(super) kept: &'a Objects,
    /// Diameters.
    pub(super) sizes: &'a Distribution,
    pub(super) literal: Option<&'a Literal>,
    pub(super) pictures: &'a [Shown],
    pub(super) provenance: &'a Json,
}

/// A share as percent.
pub(super) fn percent(share: f64) -> String {
    if share != 0.0 && share.abs() < 0.001 { format!("{:.4} %", 100.0 * share) } else { format!("{:.2} %", 100.0 * share) }
}

/// A count and its noun.
pub(super) fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// A probability of the bootstrap, which 999 samples bound from below.
pub(super) fn probability(p: f64) -> String {
    if p <= 0.001 { "p ≤ 0.001".into() } else { format!("p = {p:.3}") }
}

/// A threshold as it is read: whole, or with six digits.
fn level(t: f64) -> String {
    if t.fract() == 0.0 { t.to_string() } else { format!("{t:.0$}", (5 - libm::floor(libm::log10(t.abs())) as i32).clamp(0, 12) as usize) }
}

/// A number with four digits.
pub(super) fn short(v: f64) -> String {
    let digits = if v == 0.0 { 0 } else { (3 - libm::floor(libm::log10(v.abs())) as i32).clamp(0, 6) };
    format!("{v:.0$}", digits as usize)
}

/// The whole page.
pub(super) fn html(facts: &Facts<'_>) -> String {
    let s = facts.summary;
    let mut page = Page::new(&format!("Pores of {}", facts.name), &below(facts));
    page.lead(&lead(facts));
    page.figures(&key_figures(facts));
    for shown in facts.pictures {
        page.picture(shown.kind, &shown.bytes, &shown.shows);
    }
    page.section("What to doubt");
    page.doubts(&doubts(s, facts.kept, facts.sizes));
    done(&mut page, facts);
    porosity(&mut page, s);
    sensitivity(&mut page, s);
    if s.components_kept > 0 {
        distribution(&mut page, facts);
        reach(&mut page, facts);
    }
    if let Some(literal) = facts.literal {
        recipe(&mut page, s, literal);
    }
    provenance(&mut page, facts.provenance);
    page.html()
}

fn below(facts: &Facts<'_>) -> String {
    let s = facts.summary;
    let [x, y, z] = s.size;
    let spacing = s.voxel_um.map_or("of unknown size".into(), |v| format!("of {} x {} x {} µm", short(v[0]), short(v[1]), short(v[2])));
    let version = facts.provenance["isovox"].as_str().unwrap_or_default();
    format!("{x} x {y} x {z} voxels {spacing}; isovox {version}")
}

fn lead(facts: &Facts<'_>) -> String {
    let s = facts.summary;
    if s.components == 0 {
        return "No pore was found: no voxel lies on the pores' side of the threshold.".into();
    }
    let kept = if s.components_kept < s.components { format!(", of which {} of at least {} voxels are kept", s.components_kept, s.min_voxels) } else { String::new() };
    let median = if facts.sizes.median.is_finite() {
        format!(" Of those that no face cuts, half are smaller than {} {} across.", short(facts.sizes.median), unit(&facts.sizes.unit))
    } else {
        String::new()
    };
    format!("{} of the volume is pore space, in {}{kept}.{median}", percent(s.porosity), count(s.components, "connected pore"))
}

fn key_figures(facts: &Facts<'_>) -> Vec<(&'static str, String)> {
    let s = facts.summary;
    let axes: Vec<&str> = ["x", "y", "z"].into_iter().zip(s.percolates).filter(|(_, yes)| *yes).map(|(axis, _)| axis).collect();
    vec![
        ("Porosity", percent(s.porosity)),
        ("open (reaches a face)", percent(s.porosity_open)),
        ("closed", percent(s.porosity_closed)),
        ("Pores", s.components.to_string()),
        ("kept", s.components_kept.to_string()),
        ("Threshold", s.threshold.map_or("none: a mask".into(), level)),
        ("Percolates along", if axes.is_empty() { "no axis".into() } else { axes.join(", ") }),
    ]
}

fn done(page: &mut Page, facts: &Facts<'_>) {
    let s = facts.summary;
    page.section("What was done");
    let side = if s.pores == "bright" { "above it are pore" } else { "up to it are pore" };
    let mut lines = Vec::new();
    if let Some(d) = &s.denoise {
        let how = if d.by == "nlm" { "non-local means in each slice (h 10, template 7, search 21)" } else { "the median of 3 x 3 x 3 voxels" };
        lines.push(format!("Noise was removed by {how}."));
    }
    lines.push(match s.threshold {
        Some(t) if facts.provenance["steps"].as_array().is_some_and(|steps| steps.iter().any(|step| step["op"] == "threshold")) => {
            format!("The threshold {} was given; voxels {side}.", level(t))
        }
        Some(t) if s.within == "all" || s.within == "auto" => format!("One threshold for the whole volume, by Otsu's method on its histogram: {}; voxels {side}.", level(t)),
        Some(t) => format!("One threshold, by Otsu's method on the histogram of the part that counts: {}; voxels {side}.", level(t)),
        None => "The volume holds 0 and 1 alone: voxels of 1 are the pores as they stand.".into(),
    });
    if s.within != "all" {
        let part = if s.within == "auto" { "the bright phase with its holes filled".into() } else { format!("the mask {}", s.within) };
        lines.push(format!("Only {part} counts. A pore that the edge of this part cuts is taken as whole: open, cut and left out are said of the volume's own faces."));
    }
    if s.voxel_um.is_some() {
        let given = facts.provenance["command"].as_array().is_some_and(|words| words.iter().any(|w| w == "--voxel-size"));
        lines.push(format!("The size of a voxel is {}.", if given { "what the user gave (--voxel-size)" } else { "what the file states" }));
    }
    let touch = match s.connectivity.as_u64() {
        Some(6) => "faces",
        Some(18) => "faces or edges",
        _ => "faces, edges or corners",
    };
    lines.push(format!("Pore voxels that share {touch} belong to one pore (connectivity {}).", s.connectivity));
    if s.min_voxels > 1 {
        lines.push(format!("Pores of fewer than {} voxels were left out of table, pictures and sizes.", s.min_voxels));
    }
    page.points(&lines);
}

fn porosity(page: &mut Page, s: &Summary) {
    page.section("Porosity along z");
    page.drawing(&encode_svg(&charts::profile(s).figure(SIZE), None), "The share of pore voxels in each slice. A slope or steps are the rock's, or the scan's.");
    if let Some(chart) = charts::drift(s) {
        page.drawing(&encode_svg(&chart.figure(SIZE), None), "Where each slice alone would put the threshold. A drift shows changing brightness; slices with few pores stray.");
    }
}

fn sensitivity(page: &mut Page, s: &Summary) {
    page.section("What the result depends on");
    let um3 = s.voxel_um.map(|v| v.iter().product::<f64>());
    let median = if um3.is_some() { "#median volume, µm³" } else { "#median volume, voxels" };
    let row = |v: &super::Variant| {
        let change = if s.porosity > 0.0 { format!("{:+.1} %", 100.0 * (v.porosity / s.porosity - 1.0)) } else { String::new() };
        let median = if v.median_voxels.is_finite() { short(v.median_voxels * um3.unwrap_or(1.0)) } else { String::new() };
        vec![v.what.clone(), percent(v.porosity), change, v.components.to_string(), median]
    };
    page.table(&["choice", "#porosity", "#of the result", "#pores", median], &s.sensitivity.iter().map(row).collect::<Vec<_>>());
    page.remark("A bin is one grey value of 8 and 16 bit volumes, else 1/256 of the range. Eroded: without the pore voxels that face a solid one.");
    if let Some(d) = &s.denoise {
        let other = d.threshold.map_or(String::new(), |t| format!(" (threshold {t})"));
        page.text(&format!(
            "Without the removal of noise the porosity is {}{other} and there are {}. Of these, {} of together {} are gone with it: small holes, or noise.",
            percent(d.porosity),
            count(d.components, "pore"),
            d.lost,
            count(d.lost_voxels as usize, "voxel")
        ));
    }
}

fn distribution(page: &mut Page, facts: &Facts<'_>) {
    let (s, cubes) = (facts.summary, if facts.summary.voxel_um.is_some() { "µm³" } else { "voxels" });
    page.section("Sizes");
    page.drawing(&encode_svg(&chart(facts.sizes).figure(SIZE), None), "Shares of number and of volume by equivalent diameter: the diameter of the ball of the same volume.");
    let Some(fit) = s.lognormal else {
        page.text("Fewer than three different sizes: nothing is fitted.");
        return;
    };
    let rows = [("µ, mean of ln volume", fit.mu, fit.mu_ci95), ("σ, standard deviation of ln volume", fit.sigma, fit.sigma_ci95)];
    let rows: Vec<Vec<String>> = rows.iter().map(|(name, v, [low, high])| vec![(*name).into(), format!("{v:.4}"), format!("{low:.4} to {high:.4}")]).collect();
    page.table(&["log-normal fit of the volumes", "#value", "95 % interval"], &rows);
    let verdict = if fit.p < 0.05 {
        "The sizes are not log-normal: a sample of the fitted distribution lies this far off so rarely. Read the fit as a summary of the middle, not as a law."
    } else {
        "A log-normal distribution is not contradicted by these sizes."
    };
    page.text(&format!(
        "{} pores, volumes in {cubes}; Kolmogorov-Smirnov distance {:.4}, {} (999 samples of the fit, each fitted anew). {verdict}",
        fit.n,
        fit.ks,
        probability(fit.p)
    ));
}

fn reach(page: &mut Page, facts: &Facts<'_>) {
    let s = facts.summary;
    page.section("Open, closed, percolating, cut");
    let span = |axis: &str, yes: bool| format!("{axis}: {}", if yes { "one pore reaches from face to face" } else { "no pore reaches from face to face" });
    let mut lines: Vec<String> = ["x", "y", "z"].into_iter().zip(s.percolates).map(|(a, yes)| span(a, yes)).collect();
    lines.push(format!("{} of the volume is in pores that reach a face (open), {} in pores inside (closed).", percent(s.porosity_open), percent(s.porosity_closed)));
    let voxels: u64 = facts.kept.rows.iter().map(|r| r.voxels).sum();
    let cut: u64 = facts.kept.rows.iter().filter(|r| touches(r, s.size)).map(|r| r.voxels).sum();
    lines.push(format!(
        "{} of {} reach a face and may be cut by it; they hold {} of the pores' volume and are left out of the sizes.",
        s.components_cut,
        count(s.components_kept, "pore"),
        percent(cut as f64 / voxels.max(1) as f64)
    ));
    page.points(&lines);
}

fn recipe(page: &mut Page, s: &Summary, literal: &Literal) {
    page.section("Beside the published recipe");
    page.text("The recipe thresholds each slice on its own, fills every contour of more than 10 pixels in each slice, and prints the greatest label less one. Its numbers, reproduced exactly, beside those above:");
    let low = literal.thresholds.iter().copied().fold(f64::INFINITY, f64::min);
    let high = literal.thresholds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let rows = vec![
        vec![
            "threshold".into(),
            format!("{low} to {high}"),
            s.threshold.map_or("none".into(), level),
            "each slice has its own: one of few pores splits the solid's noise, and is filled with pores that are none".into(),
        ],
        vec![
            "porosity".into(),
            percent(literal.porosity),
            percent(s.porosity),
            "the thresholds of single slices; then holes in pores are filled and small pores dropped, slice by slice".into(),
        ],
        vec![
            "pores".into(),
            (literal.components as i64 - 1).to_string(),
            s.components.to_string(),
            format!("it finds {} and prints one fewer; throats lost in a slice part pores", literal.components),
        ],
        vec![
            "sizes counted".into(),
            (literal.areas.len().max(1) - 1).to_string(),
            s.components_kept.to_string(),
            "the last label is never counted; sizes over 1 000 000 voxels are in no bin".into(),
        ],
    ];
    page.table(&["", "#recipe", "#here", "why"], &rows);
    if s.pores != "dark" {
        page.remark("The recipe takes dark voxels for pores, whatever was asked for here: its numbers are those of the other phase.");
    }
    if s.denoise.is_some() {
        page.remark("The recipe ran on the values as they are stored, without the removal of noise.");
    }
}

fn provenance(page: &mut Page, json: &Json) {
    page.section("Provenance");
    let text = |v: &Json| v.as_str().map_or_else(|| v.to_string(), String::from);
    let command: Vec<String> = json["command"].as_array().into_iter().flatten().map(&text).collect();
    page.code(&command.join(" "));
    let inputs = json["inputs"].as_array().into_iter().flatten().map(|i| vec![text(&i["name"]), i["bytes"].to_string(), text(&i["blake3"])]).collect::<Vec<_>>();
    page.table(&["input", "#bytes", "BLAKE3"], &inputs);
    let steps = json["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|s| vec![text(&s["op"]), s["parameters"].to_string(), if s["found"].is_null() { String::new() } else { s["found"].to_string() }]);
    page.table(&["step", "parameters", "found"], &steps.collect::<Vec<_>>());
    page.remark("isovox replay on this folder makes it again and says whether it is the same.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        assert_eq!([0.0, 0.012_345, 1.234_56, 123.456, 98_765.4].map(short), ["0", "0.01235", "1.235", "123.5", "98765"]);
        assert_eq!([0.0, 0.000_123, 0.1719].map(percent), ["0.00 %", "0.0123 %", "17.19 %"]);
    }
}
