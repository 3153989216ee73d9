//! `cosa align synthesize`: conversations under configs, put together from written pieces.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Args;
use cosa::align::records::{TrainLine, TurnLine};
use cosa::align::synthesize::content::{Content, Topic};
use cosa::align::synthesize::copies::{self, frequent_words};
use cosa::align::synthesize::dialogue::{Dialogues, Difficulty};
use cosa::align::synthesize::{Draw, Part, dictionary};
use cosa::eval::records;
use cosa::safety::Taxonomy;
use cosa::{Error, Result};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::{Common, write};

#[derive(Args)]
pub struct Synthesize {
    /// A folder of topics, harmless topics and wordings.
    #[arg(long, value_name = "FOLDER")]
    content: PathBuf,
    /// `term`, `definition` and `pos` of words; nouns become topics of their own.
    #[arg(long, value_name = "FILE")]
    dictionary: Option<PathBuf>,
    /// One topic in so many is such a noun.
    #[arg(long, default_value_t = 3)]
    nouns: usize,
    /// Conversations.
    #[arg(long, default_value_t = 1000)]
    count: u64,
    /// Rules of a config at most; with 0 there are no configs, and requests are all there is.
    #[arg(long, default_value_t = 5)]
    rules: usize,
    /// Exchanges of a conversation at most; rationales alone have one.
    #[arg(long, default_value_t = 3)]
    exchanges: usize,
    /// Rationales alone, without answers, on many more requests.
    #[arg(long)]
    verdicts: bool,
    /// Of most answers the first words alone, which tell which answer it is: more requests in as
    /// many tokens. Conversations have one exchange then.
    #[arg(long, conflicts_with_all = ["verdicts", "prompts"])]
    begun: bool,
    /// The rules of configs alone, one by one, each with what is to be read in it; where they are
    /// learned, none more than twice.
    #[arg(long, conflicts_with_all = ["verdicts", "prompts"])]
    readings: bool,
    /// Every other rule and default is composed of words for yes and no and of sentences around
    /// them, instead of being taken as it was written; and some sentences say something of
    /// several topics, or of one and all others.
    #[arg(long, conflicts_with_all = ["held_out", "prompts"])]
    composed: bool,
    /// Rules in the plainest words, such as `Alcohol is not allowed, except cooking.`
    #[arg(long, conflicts_with = "composed")]
    plain: bool,
    /// Use the pieces that are not learned from.
    #[arg(long)]
    held_out: bool,
    /// Of these, but requests in wordings that are learned from: how configs are followed, apart
    /// from how requests are understood.
    #[arg(long, requires = "held_out")]
    known_requests: bool,
    /// Write a benchmark, of so many prompts for each of `count` configs: a file for `cosa
    /// eval --task`, and for `--model recorded:` as a perfect follower.
    #[arg(long, value_name = "N")]
    prompts: Option<usize>,
    /// Write exercises in copying instead, on the words that come most often in these JSON
    /// Lines, which are as `sft` reads them.
    #[arg(long, value_name = "FILE")]
    copies: Option<PathBuf>,
    /// Write the requests alone, each with its risks: what `configs` begins with.
    #[arg(long)]
    requests: bool,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub fn run(stage: &Synthesize, common: &Common) -> Result<()> {
    let content = Content::read(&stage.content)?;
    if stage.requests {
        let prompts = content.prompts();
        let count = prompts.len().min(stage.count as usize);
        return write(&stage.out, &prompts[..count]);
    }
    let draw = |number| draw_of(stage, common.seed, number);
    if let Some(texts) = &stage.copies {
        let words = words(texts, common)?;
        return chats(stage, |number| copies::draw(&words, &mut draw(number)));
    }
    let nouns = nouns(stage, &common.taxonomy)?;
    eprintln!("{} topics, {} nouns", content.topics.len(), nouns.len());
    let dialogues = Dialogues {
        content: &content,
        nouns: &nouns,
        difficulty: Difficulty {
            rules: stage.rules,
            exchanges: stage.exchanges,
            dictionary: stage.nouns,
            answers: !stage.verdicts,
            begun: stage.begun,
        },
    };
    match stage.prompts {
        None if stage.readings => {
            let turns = (0..stage.count).flat_map(|n| dialogues.readings(&mut draw(n)));
            let messages = seldom(turns, stage).map(Vec::from);
            let lines = messages.map(|messages| TrainLine::Chat { messages });
            write(&stage.out, &lines.collect::<Vec<_>>())
        }
        None => chats(stage, |number| dialogues.draw(&mut draw(number))),
        Some(prompts) => {
            let lines =
                (0..stage.count).flat_map(|n| dialogues.benchmark(n, prompts, &mut draw(n)));
            write(&stage.out, &lines.collect::<Vec<_>>())
        }
    }
}

/// The chance of one conversation: it depends on its number alone, not on how many there are.
fn draw_of(stage: &Synthesize, seed: u64, number: u64) -> Draw {
    let part = |held_out| match held_out {
        true => Part::HeldOut,
        false => Part::Learned,
    };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(number);
    let asks = part(stage.held_out && !stage.known_requests);
    let draw = Draw::new(random, part(stage.held_out));
    let draw = draw.asking(asks).composing(stage.composed);
    draw.plainly(stage.plain)
}

/// Writes the conversations of all numbers.
fn chats(stage: &Synthesize, turns: impl Fn(u64) -> Vec<TurnLine>) -> Result<()> {
    let line = |number| TrainLine::Chat {
        messages: turns(number),
    };
    write(&stage.out, &(0..stage.count).map(line).collect::<Vec<_>>())
}

/// The readings, where they are to be learned none more than [`OFTEN`] times.
fn seldom(
    turns: impl Iterator<Item = [TurnLine; 2]>,
    stage: &Synthesize,
) -> impl Iterator<Item = [TurnLine; 2]> {
    let mut times = HashMap::new();
    turns.filter(move |[shown, _]| {
        let times = times.entry(shown.content.clone()).or_insert(0);
        *times += 1;
        stage.held_out || *times <= OFTEN
    })
}

/// The words for exercises.
fn words(texts: &Path, common: &Common) -> Result<Vec<String>> {
    let lines: Vec<TrainLine> = common.read(texts)?;
    let words = frequent_words(lines.iter().flat_map(TrainLine::texts), WORDS);
    match words.len() {
        0..24 => Err(Error::BadRecord {
            at: texts.display().to_string(),
            detail: format!("exercises need 24 words; it has {} that fit", words.len()),
        }),
        _ => Ok(words),
    }
}

/// So many times a sentence is learned to be read at most: short ones and those that are no rules are
/// drawn often.
const OFTEN: usize = 2;

/// Words that exercises are drawn from.
const WORDS: usize = 2000;

/// The topics of the dictionary, each once.
fn nouns(stage: &Synthesize, taxonomy: &Taxonomy) -> Result<Vec<Topic>> {
    let mut nouns = Vec::new();
    if let Some(path) = &stage.dictionary {
        for entry in records::open(path)? {
            nouns.extend(dictionary::topic(&entry?, taxonomy)?);
        }
        nouns.sort_by(|a, b| a.id.cmp(&b.id));
        nouns.dedup_by(|a, b| a.id == b.id);
    }
    Ok(nouns)
}
