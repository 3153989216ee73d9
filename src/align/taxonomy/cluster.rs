//! Dense groups among vectors: principal components, then HDBSCAN.

use hdbscan::{Hdbscan, HdbscanHyperParams};
use nalgebra::{DMatrix, SymmetricEigen};

use crate::error::{Error, Result, require};

/// How groups are found.
#[derive(Debug, Clone, Copy)]
pub struct ClusterOptions {
    /// Principal components that are looked at. Density means little in hundreds of them.
    pub dimensions: usize,
    /// Prompts that make a group at least.
    pub smallest: usize,
}

/// The group of each vector, numbered from 0, the largest first; `None` for those that stand
/// alone.
///
/// # Errors
/// `InvalidOption` for options out of their limits, `BadRecord` for vectors that cannot be
/// compared.
pub fn cluster(vectors: &[Vec<f32>], options: ClusterOptions) -> Result<Vec<Option<usize>>> {
    require(options.smallest >= 2, "smallest", "must be at least 2")?;
    require(options.dimensions >= 1, "dimensions", "must be at least 1")?;
    let bad = |detail: String| Error::BadRecord {
        at: "vectors of the prompts".to_owned(),
        detail,
    };
    let width = vectors.first().map_or(0, Vec::len);
    if width == 0 || vectors.iter().any(|vector| vector.len() != width) {
        return Err(bad("are not of one length".to_owned()));
    }
    if vectors.iter().flatten().any(|x| !x.is_finite()) {
        return Err(bad("hold a number that is not finite".to_owned()));
    }
    // A point needs that many neighbours.
    if vectors.len() <= options.smallest {
        return Ok(vec![None; vectors.len()]);
    }
    let points = principal_components(vectors, options.dimensions.min(width));
    let settings = HdbscanHyperParams::builder()
        .min_cluster_size(options.smallest)
        .min_samples(options.smallest)
        .build();
    let labels = Hdbscan::new(&points, settings).cluster();
    let labels = labels.map_err(|error| bad(error.to_string()))?;
    Ok(by_size(&labels))
}

/// The coordinates of each vector along the directions in which they differ most.
fn principal_components(vectors: &[Vec<f32>], count: usize) -> Vec<Vec<f64>> {
    let width = vectors[0].len();
    let mut rows = DMatrix::from_fn(vectors.len(), width, |i, j| f64::from(vectors[i][j]));
    let mean = rows.row_mean();
    for mut row in rows.row_iter_mut() {
        row -= &mean;
    }
    let eigen = SymmetricEigen::new(rows.tr_mul(&rows));
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let chosen = eigen.eigenvectors.select_columns(&order[..count]);
    let points = rows * chosen;
    let rows = points.row_iter();
    rows.map(|row| row.iter().copied().collect()).collect()
}

/// The labels renumbered: the largest group is 0; equals stay in order; below 0 is none.
fn by_size(labels: &[i32]) -> Vec<Option<usize>> {
    let groups = labels.iter().map(|&label| usize::try_from(label).ok());
    let groups: Vec<Option<usize>> = groups.collect();
    let count = groups.iter().flatten().max().map_or(0, |most| most + 1);
    let mut sizes = vec![0; count];
    for &group in groups.iter().flatten() {
        sizes[group] += 1;
    }
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&group| std::cmp::Reverse(sizes[group]));
    let mut rank = vec![0; count];
    for (place, &group) in order.iter().enumerate() {
        rank[group] = place;
    }
    let ranked = groups.iter().map(|group| group.map(|group| rank[group]));
    ranked.collect()
}
