//! How many tests passed and failed, read from what the test runners print.

/// Passed and failed tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

impl Counts {
    /// Adds what a line of `cargo test` or `node --test` says, if it says something.
    pub fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += before(result, " passed");
            self.failed += before(result, " failed");
        } else if let Some(number) = node(line, "pass") {
            self.passed += number;
        } else if let Some(number) = node(line, "fail") {
            self.failed += number;
        }
    }

    /// A part that reports no tests counts as one; a part that failed has a failure.
    pub fn of_part(self, succeeded: bool) -> Self {
        match (succeeded, self) {
            (
                true,
                Self {
                    passed: 0,
                    failed: 0,
                },
            ) => Self {
                passed: 1,
                failed: 0,
            },
            (false, Self { passed, failed: 0 }) => Self { passed, failed: 1 },
            _ => self,
        }
    }

    /// Both numbers summed.
    pub fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }
}

/// The number in front of a word: 12 in "ok. 12 passed".
fn before(text: &str, word: &str) -> u64 {
    let number = text.split(word).next().unwrap_or_default();
    let number = number.rsplit(' ').next().unwrap_or_default();
    number.parse().unwrap_or(0)
}

/// The number in node's closing lines, `# pass 3` or `ℹ pass 3`.
fn node(line: &str, word: &str) -> Option<u64> {
    let text = line
        .strip_prefix("# ")
        .or_else(|| line.strip_prefix("ℹ "))?;
    text.strip_prefix(word)?
        .strip_prefix(' ')?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Counts {
        let mut counts = Counts::default();
        lines.iter().for_each(|line| counts.read(line));
        counts
    }

    #[test]
    fn cargo_and_node_are_summed() {
        let counts = read(&[
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored",
            "# pass 3",
            "ℹ pass 4",
            "ℹ fail 1",
            "# passing by",
        ]);
        assert_eq!(
            counts,
            Counts {
                passed: 22,
                failed: 3
            }
        );
    }

    #[test]
    fn a_part_never_fails_without_a_failure() {
        let none = Counts::default();
        assert_eq!(
            none.of_part(true),
            Counts {
                passed: 1,
                failed: 0
            }
        );
        assert_eq!(
            none.of_part(false),
            Counts {
                passed: 0,
                failed: 1
            }
        );
        let some = Counts {
            passed: 5,
            failed: 2,
        };
        assert_eq!(some.of_part(false), some);
        let crashed = Counts {
            passed: 5,
            failed: 0,
        };
        assert_eq!(
            crashed.of_part(false),
            Counts {
                passed: 5,
                failed: 1
            }
        );
    }
}
