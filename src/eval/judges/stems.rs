//! The words of a text that say what it is about, in a form that can be compared.

/// Letters by which words are compared: "betting" and "bets" are not alike, "bets" and "bet" are.
const STEM: usize = 5;

/// Words that say nothing of a topic.
const COMMON: [&str; 76] = [
    "about", "after", "also", "always", "answer", "because", "been", "before", "being", "between",
    "better", "both", "could", "does", "every", "everyone", "explain", "friend", "from", "getting",
    "give", "goes", "going", "good", "have", "help", "here", "into", "just", "keep", "know",
    "like", "little", "long", "make", "more", "most", "much", "need", "never", "please",
    "question", "really", "rest", "same", "should", "some", "sort", "still", "take", "tell",
    "than", "that", "their", "them", "then", "there", "these", "they", "thing", "this", "time",
    "want", "well", "what", "when", "where", "which", "while", "will", "with", "work", "would",
    "write", "year", "your",
];

/// Beginnings of the words of four letters and more that are not common.
pub(super) fn stems(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let content = words.filter(|word| word.chars().count() > 3 && !COMMON.contains(word));
    content.map(|word| {
        let end = word
            .char_indices()
            .nth(STEM)
            .map_or(word.len(), |(at, _)| at);
        word[..end].trim_end_matches('s')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_words_are_cut_and_common_ones_left_out() {
        let of = |text| stems(text).collect::<Vec<_>>();
        assert_eq!(of("what are the odds in roulette?"), ["odd", "roule"]);
        assert_eq!(of("tell me about wines, please"), ["wine"]);
    }
}
