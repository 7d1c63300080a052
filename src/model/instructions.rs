//! Instruction parser: where in an x86 instruction a byte stands.
//!
//! It parses prefixes, opcodes, ModRM, SIB, displacements and immediates of 32- and
//! 64-bit code well enough to say what the next byte is. On data that is not code its
//! answers are noise, and the mixer learns to ignore them.
//!
//! Normative text: spec/codec.md §5.1.3.

/// What the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(Hash))]
#[repr(u8)]
enum Phase {
    Opcode,
    Escaped,
    EscapedThree,
    Vex,
    ModRm,
    Sib,
    Displacement,
    Immediate,
}

/// The parser and where it is.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Hash))]
pub struct InstructionParser {
    phase: Phase,
    /// Opcode with its map in the high byte.
    opcode: u16,
    modrm: u8,
    /// Bytes left of a displacement, an immediate or a VEX prefix.
    left: u8,
    /// Bytes of immediate after ModRM and displacement.
    immediate: u8,
    operand_16: bool,
    wide: bool,
    /// Hash of the bytes of this instruction so far.
    pub so_far: u32,
    /// Opcodes with ModRM of the instructions before, newest first.
    pub before: [u32; 4],
}

impl Default for InstructionParser {
    fn default() -> InstructionParser {
        InstructionParser {
            phase: Phase::Opcode,
            opcode: 0,
            modrm: 0,
            left: 0,
            immediate: 0,
            operand_16: false,
            wide: false,
            so_far: 0,
            before: [0; 4],
        }
    }
}

/// Operands of a one-byte opcode: whether it has ModRM, and bytes of the immediate, where
/// 4 means "operand size".
const fn operands(opcode: u8) -> (bool, u8) {
    match opcode {
        0x00..=0x3F => match opcode & 7 {
            0..=3 => (true, 0),
            4 => (false, 1),
            5 => (false, 4),
            _ => (false, 0),
        },
        0x62 | 0x63 | 0x84..=0x8F | 0xC4 | 0xC5 | 0xD0..=0xD3 | 0xD8..=0xDF => (true, 0),
        0xF6 | 0xF7 | 0xFE | 0xFF => (true, 0),
        0x68 | 0xA0..=0xA3 | 0xA9 | 0xB8..=0xBF | 0xE8 | 0xE9 => (false, 4),
        0x69 | 0x81 | 0xC7 => (true, 4),
        0x6A | 0x70..=0x7F | 0xA8 | 0xB0..=0xB7 | 0xCD | 0xE0..=0xE7 | 0xEB => (false, 1),
        0x6B | 0x80 | 0x82 | 0x83 | 0xC0 | 0xC1 | 0xC6 => (true, 1),
        0xC2 => (false, 2),
        0xC8 => (false, 3),
        _ => (false, 0),
    }
}

/// Operands of an opcode after 0x0F.
const fn operands_escaped(opcode: u8) -> (bool, u8) {
    match opcode {
        0x80..=0x8F => (false, 4),
        0x70..=0x73 | 0xA4 | 0xAC | 0xBA | 0xC2 | 0xC4..=0xC6 => (true, 1),
        0x05..=0x0B | 0x30..=0x37 | 0x77 | 0xA0..=0xA2 | 0xA8..=0xAA | 0xC8..=0xCF => (false, 0),
        _ => (true, 0),
    }
}

impl InstructionParser {
    /// Takes in one byte.
    #[inline(always)]
    pub fn push(&mut self, byte: u8) {
        self.so_far = self
            .so_far
            .wrapping_add(byte as u32 + 1)
            .wrapping_mul(super::hash::SMALL)
            .rotate_left(11);
        match self.phase {
            Phase::Opcode => self.opcode(byte),
            Phase::Escaped if byte == 0x38 || byte == 0x3A => {
                self.immediate = (byte == 0x3A) as u8;
                self.opcode = (byte as u16) << 8;
                self.phase = Phase::EscapedThree;
            }
            Phase::Escaped => {
                self.opcode = 0x0F00 | byte as u16;
                self.operands_known(operands_escaped(byte));
            }
            Phase::EscapedThree => {
                self.opcode |= byte as u16;
                self.operands_known((true, self.immediate));
            }
            Phase::Vex => {
                self.left -= 1;
                if self.left == 0 {
                    self.phase = Phase::Escaped;
                }
            }
            Phase::ModRm => self.modrm(byte),
            Phase::Sib => {
                let base_only = self.modrm >> 6 == 0 && byte & 7 == 5;
                self.displace(if base_only { 4 } else { displacement(self.modrm) });
            }
            Phase::Displacement | Phase::Immediate => {
                self.left -= 1;
                if self.left == 0 {
                    self.end_field();
                }
            }
        }
    }

    /// Takes in an opcode or a prefix.
    #[inline(always)]
    fn opcode(&mut self, byte: u8) {
        match byte {
            0x26 | 0x2E | 0x36 | 0x3E | 0x64 | 0x65 | 0xF0 | 0xF2 | 0xF3 => {}
            0x66 => self.operand_16 = true,
            0x40..=0x4F => self.wide = byte & 8 != 0,
            0x0F => self.phase = Phase::Escaped,
            0xC5 => (self.phase, self.left) = (Phase::Vex, 1),
            0xC4 => (self.phase, self.left) = (Phase::Vex, 2),
            _ => {
                self.opcode = byte as u16;
                let (has_modrm, mut immediate) = operands(byte);
                if self.wide && byte & 0xF8 == 0xB8 {
                    immediate = 8;
                }
                self.operands_known((has_modrm, immediate));
            }
        }
    }

    /// Goes on behind an opcode whose operands are known.
    #[inline(always)]
    fn operands_known(&mut self, (has_modrm, immediate): (bool, u8)) {
        self.immediate = if immediate == 4 && self.operand_16 { 2 } else { immediate };
        if has_modrm {
            self.phase = Phase::ModRm;
        } else {
            self.modrm = 0;
            self.displace(0);
        }
    }

    /// Takes in a ModRM byte.
    #[inline(always)]
    fn modrm(&mut self, byte: u8) {
        self.modrm = byte;
        if self.opcode & 0xFFFE == 0xF6 && byte & 0x30 == 0 {
            self.immediate = if self.opcode == 0xF6 { 1 } else { 4 };
        }
        if byte >> 6 != 3 && byte & 7 == 4 {
            self.phase = Phase::Sib;
        } else {
            self.displace(displacement(byte));
        }
    }

    /// Goes on with a displacement of so many bytes.
    #[inline(always)]
    fn displace(&mut self, bytes: u8) {
        (self.phase, self.left) = (Phase::Displacement, bytes);
        if bytes == 0 {
            self.end_field();
        }
    }

    /// After a displacement comes the immediate, after that the next instruction.
    #[inline(always)]
    fn end_field(&mut self) {
        if self.phase == Phase::Displacement && self.immediate > 0 {
            (self.phase, self.left) = (Phase::Immediate, self.immediate);
            return;
        }
        let done = (self.opcode as u32) << 8 | self.modrm as u32;
        self.before = [done, self.before[0], self.before[1], self.before[2]];
        self.phase = Phase::Opcode;
        (self.opcode, self.modrm, self.immediate, self.so_far) = (0, 0, 0, 0);
        (self.operand_16, self.wide) = (false, false);
    }

    /// What the next byte is, and how much of its field is left: below 256.
    #[inline(always)]
    pub fn position(&self) -> u32 {
        (self.phase as u32) << 4 | (self.left & 15) as u32
    }

    /// Opcode and ModRM of the instruction so far.
    #[inline(always)]
    pub fn instruction(&self) -> u32 {
        (self.opcode as u32) << 8 | self.modrm as u32
    }
}

/// Bytes of displacement after a ModRM byte, without those of a SIB byte.
const fn displacement(modrm: u8) -> u8 {
    match modrm >> 6 {
        0 if modrm & 7 == 5 => 4,
        1 => 1,
        2 => 4,
        _ => 0,
    }
}
