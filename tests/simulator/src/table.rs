//! An object with its records, and the indexes over them.

use indexmap::IndexMap;

use super::{
    id::RecordId,
    index::{Comparison, Index},
    record::Record,
    schema::Object,
};

/// An object with its records, deleted ones included, in order of creation. A record keeps its position.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) object: Object,
    rows: IndexMap<RecordId, Record>,
    indexes: Vec<Index>,
}

impl Table {
    /// An object without records.
    pub(super) fn new(object: Object) -> Self {
        Self {
            object,
            rows: IndexMap::new(),
            indexes: Vec::new(),
        }
    }

    /// How many records there ever were.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The records, deleted ones included.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Record> {
        self.rows.values()
    }

    /// Where the record of this id stands.
    pub(super) fn position(&self, id: &RecordId) -> Option<usize> {
        self.rows.get_index_of(id)
    }

    /// The record at a position that this table has given.
    pub(super) fn row(&self, position: usize) -> &Record {
        &self.rows[position]
    }

    /// Adds a record with an id of its own.
    pub(super) fn add(&mut self, id: RecordId, row: Record) {
        let position = self.rows.len();
        for index in &mut self.indexes {
            index.insert(position, &row);
        }
        self.rows.insert(id, row);
    }

    /// Changes the record at a position.
    pub(super) fn alter(&mut self, position: usize, alter: impl FnOnce(&Object, &mut Record)) {
        let row = &mut self.rows[position];
        for index in &mut self.indexes {
            index.remove(position, row);
        }
        alter(&self.object, row);
        for index in &mut self.indexes {
            index.insert(position, row);
        }
    }

    /// Keeps an index of these fields from now on, and says which one: a handle for [`like`](Self::like).
    pub(super) fn index(&mut self, fields: &[String], comparison: Comparison) -> usize {
        let mut known = self.indexes.iter();
        if let Some(known) = known.position(|index| index.is_of(fields, comparison)) {
            return known;
        }
        let mut index = Index::new(fields.to_vec(), comparison);
        for (position, row) in self.rows.values().enumerate() {
            index.insert(position, row);
        }
        self.indexes.push(index);
        self.indexes.len() - 1
    }

    /// The positions of the records that are like this one in an index, in order of creation, without deleted ones.
    pub(super) fn like(&self, index: usize, record: &Record) -> impl Iterator<Item = usize> {
        self.indexes[index].like(record)
    }
}
