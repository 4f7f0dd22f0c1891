use super::*;

fn chart(y: Scale) -> Chart {
    Chart {
        title: "Grey values".into(),
        note: "a note".into(),
        x: Axis::new("grey value", Scale::Linear),
        y: Axis::new("voxels", y),
        series: vec![
            Series { name: "counts".into(), colour: COLOURS[0], plot: Plot::Bars((0..10).map(|i| (f64::from(i), f64::from(i) + 1.0, f64::from(i * i + 1))).collect()) },
            Series { name: "fit".into(), colour: COLOURS[1], plot: Plot::Line((0..20).map(|i| (f64::from(i) / 2.0, f64::from(i))).collect()) },
        ],
        markers: vec![Marker { at: 4.0, text: "Otsu 4".into() }, Marker { at: 4.2, text: "mean 4.2".into() }, Marker { at: 99.0, text: "outside".into() }],
    }
}

/// The box of a text, `[left, top, right, bottom]`.
fn text_box(t: &Text) -> [f64; 4] {
    let (long, high) = (width(&t.text, t.size) as f64, t.size.pixels() as f64);
    let before = match t.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => long / 2.0,
        Anchor::End => long,
    };
    let [x, y] = t.at;
    if t.upward { [x - high / 2.0, y - long + before, x + high / 2.0, y + before] } else { [x - before, y - high / 2.0, x - before + long, y + high / 2.0] }
}

fn texts(figure: &Figure) -> Vec<&Text> {
    figure.shapes.iter().filter_map(|s| if let Shape::Text(t) = s { Some(t) } else { None }).collect()
}

#[test]
fn no_text_lies_on_another_or_outside() {
    for (scale, size) in [(Scale::Linear, SIZE), (Scale::Log, SIZE), (Scale::Linear, [320, 240]), (Scale::Log, [2000, 900])] {
        let figure = chart(scale).figure(size);
        let boxes: Vec<([f64; 4], &str)> = texts(&figure).into_iter().map(|t| (text_box(t), t.text.as_str())).collect();
        for (i, (a, name)) in boxes.iter().enumerate() {
            assert!(a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= figure.width as f64 && a[3] <= figure.height as f64, "{name} lies outside");
            for (b, other) in &boxes[i + 1..] {
                assert!(a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1], "{name} lies on {other}");
            }
        }
    }
}

#[test]
fn bars_are_as_high_as_they_say() {
    let figure = chart(Scale::Linear).figure(SIZE);
    let bars: Vec<f64> = figure.shapes.iter().filter_map(|s| if let Shape::Area { from, to, .. } = s { Some(to[1] - from[1]) } else { None }).skip(1).collect();
    assert_eq!(bars.len(), 10);
    for (i, bar) in bars.iter().enumerate() {
        assert!((bar / bars[0] - (i * i + 1) as f64).abs() < 1e-9);
    }
}

#[test]
fn what_lies_outside_the_axis_is_not_marked() {
    let figure = chart(Scale::Linear).figure(SIZE);
    assert!(texts(&figure).iter().all(|t| t.text != "outside"));
    assert!(texts(&figure).iter().any(|t| t.text == "Otsu 4"));
}

#[test]
fn lines_are_cut_at_the_frame() {
    assert_eq!(clipped([[-1.0, 0.5], [3.0, 0.5]]), Some([[0.0, 0.5], [1.0, 0.5]]));
    assert_eq!(clipped([[0.2, 0.3], [0.4, 0.5]]), Some([[0.2, 0.3], [0.4, 0.5]]));
    assert_eq!(clipped([[0.2, 1.3], [0.4, 1.5]]), None);
    assert_eq!(clipped([[f64::NAN, 0.5], [0.4, 0.5]]), None);
}

#[test]
fn without_data_there_are_still_axes() {
    for scale in [Scale::Linear, Scale::Log] {
        let empty = Chart { series: Vec::new(), x: Axis::new("x", scale), ..chart(scale) };
        let one = Chart { series: vec![Series { name: String::new(), colour: INK, plot: Plot::Bars(vec![(3.0, 3.0, 5.0)]) }], ..empty.clone() };
        for chart in [empty, one] {
            let figure = chart.figure(SIZE);
            assert!(figure.shapes.iter().all(|s| !format!("{s:?}").contains("NaN")), "{:?}", figure.shapes);
        }
    }
}
