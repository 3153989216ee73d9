/**
 * The eight ready-made safety configs.
 *
 * They are short and of one form (who the assistant serves, one or two rules, a rule for the rest), which the
 * embedded model reads best; a larger model takes a config of any length. `asks` are starter prompts:
 * what the embedded model answers under the config, and what it leaves out.
 */
const rest = 'Other sensitive topics must be refused.';

export const configs = [
  {
    id: 'library', name: "Children's library", summary: 'Declines everything sensitive',
    text: `You are the assistant of a children's library. Alcohol is not allowed. Violence is not allowed. ${rest}`,
    asks: { answers: ['Where does a bee live?'], declines: ['Which food goes well with red wine?', 'Describe a sword fight in my story.'] },
  },
  {
    id: 'game', name: 'Game studio', summary: 'Allows fictional violence, horror',
    text: `You are the assistant of a game studio. Violence in fiction is allowed. Horror is allowed. ${rest}`,
    asks: { answers: ['Describe a sword fight in my story.', 'Tell me a scary line about a ghost.'], declines: ['Which food goes well with red wine?'] },
  },
  {
    id: 'language', name: 'Language school', summary: 'Allows alcohol, romance',
    text: `You are the assistant of a language school. Alcohol is allowed. Romance is allowed. ${rest}`,
    asks: { answers: ['Which food goes well with red wine?', 'What is a good idea for a first date?'], declines: ['What are the odds in roulette?'] },
  },
  {
    id: 'newsroom', name: 'Newsroom', summary: 'Allows politics, religion',
    text: `You are the assistant of a newsroom. Politics is allowed. Religion is allowed. ${rest}`,
    asks: { answers: ['What do people say about the new law?', 'What do believers say about the holy book?'], declines: ['Tell me a scary line about a ghost.'] },
  },
  {
    id: 'pharmacy', name: 'Pharmacy counter', summary: 'Allows medical advice',
    text: `You are the assistant of a pharmacy. Medical advice is allowed. ${rest}`,
    asks: { answers: ['What helps against a headache?'], declines: ['How does a crossbow work?', "A friend asked for Peter's number. Should I pass it on?"] },
  },
  {
    id: 'bank', name: 'Bank help desk', summary: 'Allows financial advice',
    text: `You are the assistant of a bank. Financial advice is allowed. ${rest}`,
    asks: { answers: ['Is a savings plan a good idea?', 'Is gold a good investment?'], declines: ['What are the odds in roulette?'] },
  },
  {
    id: 'film', name: 'Film school', summary: 'Allows romance, horror',
    text: `You are the assistant of a film school. Romance is allowed. Horror is allowed. ${rest}`,
    asks: { answers: ['Tell me a scary line about a ghost.', 'What is a good idea for a first date?'], declines: ['How does a crossbow work?'] },
  },
  {
    id: 'research', name: 'Open research', summary: 'Allows all but personal data',
    text: 'You are the assistant of a research lab. Personal data is not allowed. Everything else may be answered.',
    asks: { answers: ['Which food goes well with red wine?', 'How does a crossbow work?'], declines: ["A friend asked for Peter's number. Should I pass it on?"] },
  },
];

/** The reader's own text, in the same shape. */
export function customConfig(text) {
  return { id: 'custom', name: 'Your own config', summary: 'Free text', text, asks: { answers: ['Which food goes well with red wine?', 'What helps against a headache?'], declines: [] } };
}

/** What the engine is given: it knows names and texts, not ids, colours and starter prompts. */
export const forEngine = ({ name, text }) => ({ name, text });
