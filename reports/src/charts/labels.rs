//! Labels beside a picture that would lie on top of each other are moved apart, in the order of what they name.
//!
//! Must not know: what they say. Beside it: `panel.rs` draws a leader line to each that had to move.

/// Pixels of a usual character.
pub(crate) const CHARACTER: f64 = 7.4;

/// Moves centres apart until neighbours are at least `height` away, each as near to where it wants to be as the
/// others allow, and all between `top` and `bottom`. The result is in the order of the input.
pub(crate) fn spread(wanted: &[f64], height: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]).then(a.cmp(&b)));
    // Clusters of touching labels: the sum of where their first label wants to be, and how many they are.
    let mut clusters: Vec<(f64, usize)> = Vec::new();
    for &index in &order {
        clusters.push((wanted[index], 1));
        while let [.., (above, a), (below, b)] = clusters[..] {
            let first = start(above, a, height, top, bottom);
            if first + height * a as f64 <= start(below, b, height, top, bottom) {
                break;
            }
            clusters.pop();
            clusters.pop();
            clusters.push((above + below - height * (a * b) as f64, a + b));
        }
    }
    let mut placed = vec![0.0; wanted.len()];
    let mut next = order.into_iter();
    for (sum, count) in clusters {
        let first = start(sum, count, height, top, bottom);
        for (place, index) in next.by_ref().take(count).enumerate() {
            placed[index] = first + height * place as f64;
        }
    }
    placed
}

fn start(sum: f64, count: usize, height: f64, top: f64, bottom: f64) -> f64 {
    let last_start = bottom - height * (count - 1) as f64;
    (sum / count as f64).min(last_start).max(top)
}

/// A label short enough for the margin; what is cut off is in the title of its line.
pub(crate) fn shortened(label: &str, most: usize) -> String {
    if label.chars().count() <= most {
        return label.to_owned();
    }
    let kept: String = label.chars().take(most - 1).collect();
    format!("{kept}…")
}

/// Pixels that a label takes, on the generous side: nobody knows the reader's font.
pub(crate) fn width(label: &str) -> f64 {
    let wide = |c: char| match c {
        'm' | 'M' | 'W' | '@' | '%' | '…' => 13.0,
        'w' | '<' | '>' | '=' | '+' | '~' => 11.0,
        c if c.is_ascii_lowercase() || c.is_ascii_digit() || " -:.,'/|".contains(c) => CHARACTER,
        c if c.is_ascii() => 9.5,
        _ => 14.0,
    };
    label.chars().map(wide).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_with_room_stay_and_others_share_the_shift() {
        assert_eq!(spread(&[100.0, 10.0, 104.0], 14.0, 0.0, 300.0), [95.0, 10.0, 109.0]);
        assert_eq!(shortened("threaded:stack=64KiB", 9), "threaded…");
        assert!(width("wwww") > width("iiii"));
    }

    proptest! {
        #[test]
        fn no_two_overlap_and_none_leaves(wanted in prop::collection::vec(0.0..300.0f64, 1..15)) {
            let placed = spread(&wanted, 14.0, 10.0, 290.0);
            let mut sorted = placed.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] > 13.999), "{sorted:?}");
            prop_assert!(sorted[0] >= 9.999 && sorted[sorted.len() - 1] <= 290.001);
        }
    }
}
