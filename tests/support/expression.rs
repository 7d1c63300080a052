//! Values of the expressions in spec/codec.md: 64 bits wide, operators that wrap.

/// What names and functions of an expression mean.
pub trait Names {
    /// The value of a name.
    fn name(&self, name: &str) -> Option<u64>;
    /// The value of a function at a point.
    fn function(&self, name: &str, argument: u64) -> Option<u64>;
}

/// The value of an expression. Panics, with the expression, if it is not one.
pub fn value(text: &str, names: &impl Names) -> u64 {
    let mut parser = Parser { text, rest: text, names };
    let value = parser.binary(0);
    assert!(parser.peek().is_none(), "'{}' is left of '{text}'", parser.rest);
    value
}

/// Operators, those that bind least first; spec/codec.md, head.
const OPERATORS: [&[&str]; 6] = [&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*"]];

struct Parser<'a, N> {
    text: &'a str,
    rest: &'a str,
    names: &'a N,
}

impl<'a, N: Names> Parser<'a, N> {
    fn peek(&self) -> Option<char> {
        self.rest.trim_start().chars().next()
    }

    /// Takes `token` if it comes next.
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// A chain of operators that bind as `level` or closer.
    fn binary(&mut self, level: usize) -> u64 {
        let Some(operators) = OPERATORS.get(level) else { return self.operand() };
        let mut left = self.binary(level + 1);
        while let Some(operator) = operators.iter().find(|operator| self.take(operator)) {
            let right = self.binary(level + 1);
            left = match *operator {
                "|" => left | right,
                "^" => left ^ right,
                "&" => left & right,
                "<<" => left << right,
                ">>" => left >> right,
                "+" => left.wrapping_add(right),
                "-" => left.wrapping_sub(right),
                _ => left.wrapping_mul(right),
            };
        }
        left
    }

    /// A number, a name, a function or an expression in parentheses.
    fn operand(&mut self) -> u64 {
        if self.take("(") {
            return self.closed();
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = &rest[..end];
        self.rest = &rest[end..];
        let text = self.text;
        let unknown = || panic!("no value of '{word}' in '{text}'");
        if let Some(digits) = word.strip_prefix("0x") {
            return u64::from_str_radix(digits, 16).unwrap_or_else(|_| unknown());
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return word.parse().unwrap_or_else(|_| unknown());
        }
        if self.take("(") {
            let argument = self.closed();
            return self.names.function(word, argument).unwrap_or_else(unknown);
        }
        self.names.name(word).unwrap_or_else(unknown)
    }

    /// An expression up to its closing parenthesis.
    fn closed(&mut self) -> u64 {
        let value = self.binary(0);
        assert!(self.take(")"), "a parenthesis is open in '{}'", self.text);
        value
    }
}
