//! The keys and values of one sequence, in pages that forks share until they are written.

use std::ops::Range;
use std::sync::Arc;

use crate::backend::{Backend, Heads, KvView, PAGE};

/// What a sequence has seen. A fork is cheap: pages are copied when one side writes.
#[derive(Debug)]
pub struct KvCache<B: Backend> {
    heads: Heads,
    layers: Vec<Layer<B>>,
    len: usize,
}

#[derive(Debug)]
struct Layer<B: Backend> {
    pages: Vec<Arc<B::Page>>,
}

impl<B: Backend> KvCache<B> {
    pub(super) fn new(heads: Heads, layers: usize) -> Self {
        let empty = || Layer { pages: Vec::new() };
        Self {
            heads,
            layers: (0..layers).map(|_| empty()).collect(),
            len: 0,
        }
    }

    /// Positions held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes held, shared pages counted in full.
    #[must_use]
    pub fn bytes(&self, backend: &B) -> usize {
        let pages = self.layers.iter().flat_map(|layer| &layer.pages);
        pages.map(|page| backend.page_bytes(page)).sum()
    }

    /// Forgets everything from position `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        let pages = self.len.div_ceil(PAGE);
        for layer in &mut self.layers {
            layer.pages.truncate(pages);
        }
    }

    /// A second cache with the same past. Either may go on without the other noticing.
    #[must_use]
    pub fn fork(&self) -> Self {
        let copy = |layer: &Layer<B>| Layer {
            pages: layer.pages.clone(),
        };
        Self {
            heads: self.heads,
            layers: self.layers.iter().map(copy).collect(),
            len: self.len,
        }
    }

    /// Writes the rows `rows` of keys and values behind the held positions of one layer.
    /// They count only after [`Self::advance`], when every layer has them.
    pub(super) fn store(
        &mut self,
        backend: &B,
        layer: usize,
        kv: [&B::Buffer; 2],
        rows: Range<usize>,
    ) {
        let pages = &mut self.layers[layer].pages;
        for (position, row) in (self.len..).zip(rows) {
            if pages.len() == position / PAGE {
                pages.push(Arc::new(backend.new_page(self.heads)));
            }
            let page = Arc::make_mut(&mut pages[position / PAGE]);
            backend.kv_store(page, position % PAGE, kv, row, self.heads);
        }
    }

    /// What `count` new rows of one layer may look at: each the past and itself.
    pub(super) fn view(&self, layer: usize, count: usize) -> KvView<'_, B::Page> {
        KvView {
            pages: &self.layers[layer].pages,
            lens: self.len + 1..self.len + 1 + count,
        }
    }

    pub(super) fn advance(&mut self, count: usize) {
        self.len += count;
    }
}
