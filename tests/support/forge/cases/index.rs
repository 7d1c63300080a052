//! Forged values of INDEX.

use super::*;

/// The values of INDEX.
pub fn index() -> Vec<Case> {
    let set = |name: &'static str, row, value, out| {
        in_index(&format!("{name} {row} is {value:?}"), Damaged, out, |table| {
            table.set(name, row, value);
        })
    };
    let sound = Archive::of_batches(&sample()).index;
    let mut all = vec![
        set("Dated", 0, Raw(vec![2]), ALL),
        set("Shard_Count", 0, Varint(0), ALL),
        set("Section_Count", 0, Varint(4), ALL),
        set("Section_Count", 0, Varint(6), ALL),
        set("Type", 0, Raw(vec![0]), ALL),
        set("Type", 0, Raw(vec![COMMENT]), ALL),
        set("Type", LAST_GROUP, Raw(vec![INDEX]), ALL),
        set("Flags", LAST_GROUP, Raw(vec![BASE]), ALL),
        set("Flags", LAST_ENTRY, Raw(vec![BASE]), ALL),
        set("Codec", LAST_ENTRY, Raw(vec![1]), ALL),
        set("Stored_Length", 1, Varint(1), ALL),
        set("Stored_Length", 1, Varint(1 << 32), ALL),
        set("Stored_Length", 1, Varint(u64::MAX), ALL),
        set("Model", 0, Varint(1 << 16), ALL),
        set("Capacity", 0, Raw(vec![20]), ALL),
        set("State", 1, Raw(vec![0]), ALL),
        set("State", 1, Raw(vec![2]), ALL),
        set("State", 1, Raw(vec![3]), ALL),
        set("State", 1, Raw(vec![4]), ALL),
        set("State", 1, Raw(vec![9]), ALL),
        set("Digest", LAST_ENTRY, Raw(vec![1; 32]), FIRST),
        set("Digest", LAST_GROUP, Raw(vec![1; 32]), FIRST),
    ];
    for (row, (name, value)) in sound.0.iter().enumerate() {
        if let Some(padded) = value.padded() {
            let name = format!("{name}, value {row} of INDEX, in one byte more");
            all.push(in_index(&name, Damaged, ALL, |table| table.0[row].1 = padded));
        }
    }
    all.push(in_index("a byte left over in INDEX", Damaged, ALL, |table| {
        table.put("left", Raw(vec![0]));
    }));
    all.push(in_index("an unknown Index_Flag", Unsupported, &[], |table| {
        table.set("Index_Flags", 0, Varint(2));
    }));
    all.push(in_index("an incomplete archive", Unfinished, ALL, |table| {
        table.set("Index_Flags", 0, Varint(1));
    }));
    all.push(in_index("a dated archive", Nothing, ALL, |table| {
        table.set("Dated", 0, Raw([&[1][..], &Signed(1_800_000_000).bytes()].concat()));
    }));
    let shard = |number: u64| Raw([&varint(3)[..], &varint(number), b"the plan of them"].concat());
    all.push(in_index("a shard", Nothing, ALL, |table| table.set("Shard_Count", 0, shard(2))));
    all.push(in_index("a shard beyond the last", Damaged, ALL, |table| {
        table.set("Shard_Count", 0, shard(3));
    }));
    all.push(in_index("a generation beyond the last", TooMuch, &[], |table| {
        table.set("Generation", 0, Varint((1 << 20) + 1));
    }));
    all.push(in_index("a second generation without a first", NotYet, &[], |table| {
        table.set("Generation", 0, Varint(1));
        // Generation_Table stands behind Shard_Count: a row without a date.
        table.set("Shard_Count", 0, Raw([&[1, 0][..], &[9; 32]].concat()));
    }));
    all.extend(copies());
    all
}

/// ENTRY sections copied in INDEX.
fn copies() -> Vec<Case> {
    let payload = sections(&sample())[LAST_ENTRY].payload.clone();
    let copied = |name: &str, fault, out, copy: Vec<u8>| {
        in_index(name, fault, out, |table| {
            table.set("State", 2, Raw(vec![5]));
            table.put("Copy", Raw(copy));
        })
    };
    let mut changed = payload.clone();
    changed[9] ^= 1;
    vec![
        copied("a copy", Nothing, ALL, payload.clone()),
        copied("a copy that is too short", Damaged, ALL, payload[1..].to_vec()),
        copied("a copy of other bytes", Damaged, ALL, changed),
    ]
}
