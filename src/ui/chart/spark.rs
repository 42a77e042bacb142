//! A small line without axes.

use super::scale::{HEIGHT, Plane, Scale, WIDTH};

/// A sparkline as HTML. Screen readers skip it: the number beside it says the same. The values are oldest first.
pub fn spark_html(values: &[f64]) -> String {
    let end = (values.len().max(2) - 1) as f64;
    let highest = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    // Room above the highest point for the width of the line.
    let plane = Plane { x: Scale::Linear(end), y: Scale::Linear(highest * 1.1) };
    let line = plane.line(values.iter().enumerate().map(|(i, value)| (i as f64, *value)));
    let area = plane.area(&line, end);
    format!(
        "<svg class=\"spark\" data-part=\"spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <path class=\"spark-area\" d=\"{area}\"/><path class=\"spark-line\" d=\"{line}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_spans_the_width_whatever_the_number_of_values() {
        let has_line =
            |values: &[f64], path: &str| spark_html(values).contains(&format!("class=\"spark-line\" d=\"{path}\""));
        assert!(has_line(&[0.0, 0.0], "M0 150L600 150"));
        assert!(has_line(&[0.0, 10.0, 0.0], "M0 150L300 13.6L600 150"));
        assert!(has_line(&[], ""));
    }
}
