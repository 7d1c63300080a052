//! Decides which contents make a family, and which of them stand in its base.
//!
//! A family is what one base serves: contents of one kind, and of one extension if there
//! are enough of them. A large family starts with a base, a sample of all of it, and its
//! groups go on from there. A small one is cut into groups that start anew. If the user gave
//! a base, all contents of its kind are one family behind it.
//!
//! All of it follows from kinds, extensions, sizes and sketches, in the order of the plan.

use super::alike::bring_together;
use super::plan::{ContentPlan, extension};
use super::sample::{Known, choose};
use crate::codec::ContentKind;

/// How the contents of a family are cut into groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// Bytes of the base, which is the first group; 0 if there is none.
    pub base: u64,
    /// Bytes of the base that the user gave and the groups go on from; 0 if there is none.
    pub given: u64,
    /// Most bytes of a group.
    pub most: u64,
    /// Contents up to so many bytes are not divided, however long groups are.
    pub whole: u64,
    /// Bytes that close a group. They make the groups of a family about equally large, so
    /// that no worker ends up with a much longer one.
    pub share: u64,
}

/// Contents and the rules by which they are cut.
#[derive(Debug)]
pub(super) struct Arrangement {
    /// In the order in which they are stored; each names its rule.
    pub contents: Vec<ContentPlan>,
    /// The first ones are those of contents without a base, by kind.
    pub rules: Vec<Rule>,
}

/// Most bytes of a group of several pictures.
const PICTURES: u64 = 1 << 20;

/// Most bytes of a group of several sounds. What the model learns of one helps with the next
/// a little.
const AUDIO_GROUP: u64 = 1 << 21;

/// Longest picture or sound that is a group of its own. Longer ones are divided; JPEGs are then
/// stored.
const WHOLE: u64 = 1 << 26;

/// How large groups are. Base and group together are not longer than a group that starts
/// anew, so that reading a file takes no longer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Most bytes of a group that starts anew.
    pub group: u64,
    /// Whether all groups start anew.
    pub independent: bool,
    /// The base that the user gave.
    pub given: Option<Given>,
}

/// A base that the user gave, for all groups of its kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    /// Text or binary.
    pub kind: ContentKind,
    /// Its length in bytes.
    pub length: u64,
}

impl Sizes {
    /// Bytes of a base.
    fn base(&self) -> u64 {
        (self.group / 2).max(1)
    }

    /// Most bytes of a group behind a base.
    fn behind(&self) -> u64 {
        (self.group / 2).max(1)
    }

    /// Bytes of a family that has a base. Smaller ones are one group, or two.
    fn least_with_base(&self) -> u64 {
        self.group.saturating_add(self.group / 4)
    }

    /// Bytes of an extension that make it a family of its own.
    fn least_of_extension(&self) -> u64 {
        self.group.saturating_mul(3)
    }
}

impl Rule {
    /// The rule for `total` bytes without a base.
    fn alone(total: u64, sizes: Sizes) -> Rule {
        // One group may be as long as the shortest family that has a base.
        let least = if sizes.independent { 0 } else { sizes.least_with_base() };
        let most = if total < least { sizes.group.max(total) } else { sizes.group };
        Rule { base: 0, given: 0, most, share: even_share(total, most), whole: 0 }
    }

    /// The rule for `total` bytes of pictures or sounds. They gain little from one another, so
    /// that short groups, of at most `most` bytes, cost nothing and are quick to reach. None of
    /// them is divided.
    fn of_whole(total: u64, most: u64, sizes: Sizes) -> Rule {
        let most = most.min(sizes.group);
        Rule { base: 0, given: 0, most, share: even_share(total, most), whole: WHOLE }
    }

    /// The rule for `total` bytes, of which the first are a base.
    fn with_base(total: u64, sizes: Sizes) -> Rule {
        let (base, most) = (sizes.base(), sizes.behind());
        let share = even_share(total.saturating_sub(base), most);
        Rule { base, given: 0, most, share, whole: 0 }
    }

    /// The rule for `total` bytes behind a base of `given` bytes that the user gave.
    fn behind_given(total: u64, given: u64, sizes: Sizes) -> Rule {
        let most = sizes.group.saturating_sub(given).max(sizes.behind()).min(total.max(1));
        Rule { base: 0, given, most, share: even_share(total, most), whole: 0 }
    }

    /// Returns whether no other contents may share its groups.
    pub fn stands_apart(&self) -> bool {
        self.base > 0 || self.given > 0 || self.whole > 0
    }

    /// The longest that base and group together become; 0 without a base.
    pub fn reach(&self) -> u64 {
        let before = self.base.max(self.given);
        if before == 0 { 0 } else { before.saturating_add(self.most) }
    }
}

impl Arrangement {
    /// Returns the longest that the base which the user gave and a group behind it become
    /// together; `None` if no content goes on from it.
    pub fn reach_of_given(&self) -> Option<u64> {
        let number = self.rules.iter().position(|rule| rule.given > 0)?;
        let goes_on = |content: &ContentPlan| content.rule == number && content.size() > 0;
        self.contents.iter().any(goes_on).then(|| self.rules[number].reach())
    }
}

/// Divides `total` bytes by the fewest groups that hold them.
fn even_share(total: u64, most: u64) -> u64 {
    total.div_ceil(total.div_ceil(most).max(1)).max(1)
}

/// Arranges contents, which are in the order of kinds, extensions and paths.
pub(super) fn arrange(contents: Vec<ContentPlan>, sizes: Sizes) -> Arrangement {
    let mut rules = vec![Rule::alone(0, sizes); ContentKind::ALL.len()];
    let mut arranged = Vec::with_capacity(contents.len());
    let mut contents = contents.into_iter().peekable();
    for kind in ContentKind::ALL {
        let mut of_kind = Vec::new();
        while let Some(content) = contents.next_if(|content| content.kind == kind) {
            of_kind.push(content);
        }
        if let Some(given) = sizes.given.filter(|given| given.kind == kind) {
            rules[kind as usize] = Rule::behind_given(total(&of_kind), given.length, sizes);
            arranged.extend(bring_together(of_kind).into_iter().flatten());
            continue;
        }
        let learns = matches!(kind, ContentKind::Text | ContentKind::Binary);
        let has_bases = !sizes.independent && learns;
        let mut alone = 0;
        let apart = if has_bases { sizes.least_of_extension() } else { u64::MAX };
        for family in families(of_kind, apart) {
            let total = total(&family);
            if has_bases && total >= sizes.least_with_base() {
                let rule = Rule::with_base(total, sizes);
                arranged.extend(sample_first(family, rule, rules.len()));
                rules.push(rule);
            } else {
                alone += total;
                arranged.extend(family);
            }
        }
        rules[kind as usize] = match kind {
            ContentKind::Image | ContentKind::Jpeg => Rule::of_whole(alone, PICTURES, sizes),
            ContentKind::Audio => Rule::of_whole(alone, AUDIO_GROUP, sizes),
            _ => Rule::alone(alone, sizes),
        };
    }
    Arrangement { contents: arranged, rules }
}

/// Parts contents of one kind: extensions that have `apart` bytes or more, then all others.
/// Contents that are alike count by the extension of the first of them.
fn families(contents: Vec<ContentPlan>, apart: u64) -> Vec<Vec<ContentPlan>> {
    let mut families = Vec::new();
    let mut others = Vec::new();
    let of_extension =
        |a: &ContentPlan, b: &ContentPlan| extension(a.path()) == extension(b.path());
    let mut runs: Vec<Vec<ContentPlan>> = Vec::new();
    for mut alike in bring_together(contents) {
        match runs.last_mut().filter(|run| of_extension(&run[0], &alike[0])) {
            Some(run) => run.append(&mut alike),
            None => runs.push(alike),
        }
    }
    for run in runs {
        match total(&run) >= apart {
            true => families.push(run),
            false => others.extend(run),
        }
    }
    families.push(others);
    families
}

fn total(contents: &[ContentPlan]) -> u64 {
    contents.iter().map(ContentPlan::size).sum()
}

/// Brings the contents of the base to the front, in their order. All of the family follow
/// the rule `number`.
fn sample_first(family: Vec<ContentPlan>, rule: Rule, number: usize) -> Vec<ContentPlan> {
    let known: Vec<Known> = family
        .iter()
        .map(|content| Known { size: content.size(), sketch: &content.sketch })
        .collect();
    let chosen = choose(&known, rule.base, rule.share);
    let mut front = Vec::with_capacity(family.len());
    let mut rest = Vec::new();
    for (mut content, chosen) in family.into_iter().zip(chosen) {
        content.rule = number;
        if chosen { front.push(content) } else { rest.push(content) }
    }
    front.extend(rest);
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_a_rule_are_about_equally_large() {
        assert_eq!(even_share(0, 8), 1);
        assert_eq!(even_share(8, 8), 8);
        assert_eq!(even_share(9, 8), 5);
        assert_eq!(even_share(u64::MAX, u64::MAX), u64::MAX);
    }
}
