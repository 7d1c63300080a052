//! Decides where a group ends: near its share, and where it parts what is least alike.

/// The lengths that a group ends between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boundary {
    /// Bytes of a group as a rule.
    pub share: u64,
    /// Most bytes of a group; not less than `share`.
    pub most: u64,
}

impl Boundary {
    /// Returns whether a group of `held` bytes may end.
    pub fn is_near(&self, held: u64) -> bool {
        // A group that is not half full takes a part of a content that does not fit.
        held >= (self.share - self.share / 4).max(self.most / 2)
    }

    /// Returns how many more contents a group of `held` bytes takes, before that which is least
    /// alike to what it follows. If several are, the first behind the share, else the last
    /// before it. `contents` are all that may come, with their sizes and bonds; if all of them
    /// fit, the group takes them. Costs one pass over those that fit.
    pub fn find(&self, held: u64, contents: impl Iterator<Item = (u64, u8)>) -> usize {
        let (mut end, mut best) = (held, None);
        for (number, (size, bond)) in contents.enumerate() {
            if end > self.most {
                return best.map_or(0, |(_, _, number)| number);
            }
            let place = match end.checked_sub(self.share) {
                Some(behind) => (false, behind),
                None => (true, self.share - end),
            };
            let this = (bond, place, number);
            best = Some(best.map_or(this, |best: (u8, (bool, u64), usize)| best.min(this)));
            end = end.saturating_add(size);
        }
        match end > self.most {
            true => best.map_or(0, |(_, _, number)| number),
            false => usize::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDARY: Boundary = Boundary { share: 80, most: 100 };

    fn find(held: u64, contents: &[(u64, u8)]) -> usize {
        BOUNDARY.find(held, contents.iter().copied())
    }

    #[test]
    fn a_group_ends_where_it_has_its_share_if_nothing_is_alike() {
        assert!(!BOUNDARY.is_near(59));
        assert!(BOUNDARY.is_near(60));
        assert_eq!(find(60, &[(10, 0); 9]), 2);
        assert_eq!(find(85, &[(10, 0); 9]), 0);
        assert_eq!(find(70, &[(40, 0); 9]), 0, "what does not fit starts the next group");
    }

    #[test]
    fn a_group_ends_between_contents_that_are_not_alike() {
        let versions = [(10, 200), (10, 200), (10, 0), (10, 200), (10, 200), (10, 0)];
        assert_eq!(find(60, &versions), 2);
        assert_eq!(find(70, &versions), 2, "more than its share, so that versions stay together");
        assert_eq!(find(60, &[(10, 0), (10, 200), (10, 200), (10, 200), (10, 200)]), 0);
        assert_eq!(find(60, &[(10, 200), (10, 130), (10, 200), (10, 200), (10, 200)]), 1);
    }

    #[test]
    fn what_is_left_and_fits_is_taken() {
        assert_eq!(find(90, &[(5, 0), (5, 0)]), usize::MAX);
        assert_eq!(find(90, &[(5, 0), (6, 0)]), 0);
        assert_eq!(find(90, &[]), usize::MAX);
    }
}
