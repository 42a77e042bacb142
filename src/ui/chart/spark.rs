//! A small line without axes.

use super::scale::{HEIGHT, Plane, Scale, WIDTH};

fn plane(values: &[f64]) -> Plane {
    let highest = values.iter().copied().fold(0.0, f64::max);
    // Room above the highest point for the width of the line.
    let y = Scale::Linear(highest.max(f64::MIN_POSITIVE) * 1.1);
    Plane { x: Scale::Linear((values.len().max(2) - 1) as f64), y }
}

fn line(values: &[f64]) -> String {
    plane(values).line(values.iter().enumerate().map(|(i, value)| (i as f64, *value)))
}

/// A sparkline as HTML. Screen readers skip it: the number beside it says the same. The values are oldest first.
pub fn spark_html(values: &[f64]) -> String {
    let line = line(values);
    let area = plane(values).area(&line, values.len().max(2) as f64 - 1.0);
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
        assert_eq!(line(&[0.0, 0.0]), "M0 150L600 150");
        assert_eq!(line(&[0.0, 10.0, 0.0]), "M0 150L300 13.6L600 150");
        assert_eq!(line(&[]), "");
    }
}
