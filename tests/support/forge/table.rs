//! Tables and the values in them (container.md §2).

/// A value of a table, as it is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Varint(u64),
    /// A varint in zigzag form.
    Signed(i64),
    /// Bytes as they are.
    Raw(Vec<u8>),
}

pub fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 127 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

impl Value {
    pub fn bytes(&self) -> Vec<u8> {
        match *self {
            Value::Varint(value) => varint(value),
            Value::Signed(value) => varint((value << 1 ^ value >> 63) as u64),
            Value::Raw(ref bytes) => bytes.clone(),
        }
    }

    /// Returns the value in one byte more than it needs, if it is a varint.
    pub fn padded(&self) -> Option<Value> {
        let mut bytes = self.bytes();
        if matches!(self, Value::Raw(_)) || bytes.len() == 10 {
            return None;
        }
        *bytes.last_mut()? |= 128;
        bytes.push(0);
        Some(Value::Raw(bytes))
    }
}

/// Tables of a section: values in the order in which they are written, each with the
/// name of its column.
#[derive(Clone, Debug, Default)]
pub struct Table(pub Vec<(&'static str, Value)>);

impl Table {
    pub fn put(&mut self, name: &'static str, value: Value) {
        self.0.push((name, value));
    }

    pub fn varint(&mut self, name: &'static str, value: u64) {
        self.put(name, Value::Varint(value));
    }

    pub fn byte(&mut self, name: &'static str, value: u8) {
        self.put(name, Value::Raw(vec![value]));
    }

    /// Writes a length and the bytes.
    pub fn counted(&mut self, name: &'static str, bytes: &[u8]) {
        self.put(name, Value::Raw([&varint(bytes.len() as u64), bytes].concat()));
    }

    pub fn differences(&mut self, name: &'static str, values: impl IntoIterator<Item = u64>) {
        let mut before = 0;
        for value in values {
            self.put(name, Value::Signed(value.wrapping_sub(before) as i64));
            before = value;
        }
    }

    /// Returns the place of value `row` of a column.
    ///
    /// # Panics
    /// If there is none.
    pub fn at(&mut self, name: &str, row: usize) -> &mut Value {
        let mut column = self.0.iter_mut().filter(|value| value.0 == name);
        &mut column.nth(row).unwrap_or_else(|| panic!("no {name} {row}")).1
    }

    /// Exchanges value `row` of a column.
    pub fn set(&mut self, name: &str, row: usize, value: Value) {
        *self.at(name, row) = value;
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(_, value)| value.bytes()).collect()
    }
}
