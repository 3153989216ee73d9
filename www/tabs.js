/** The two views, Chat and Evaluate: which one is seen, by click, by arrow keys and by the address. */
import { $ } from './dom.js';

const names = ['chat', 'evaluate'];
const skips = { chat: ['#prompt', 'Skip to the message box'], evaluate: ['#evaluate-form', 'Skip to the evaluation'] };

/** `#evaluate`, and the anchors in that view. */
const inAddress = () => (location.hash.startsWith('#evaluate') ? 'evaluate' : 'chat');

export class Tabs {
  /** @param {(name: 'chat' | 'evaluate') => void} onShow */
  constructor(onShow) {
    this.onShow = onShow;
    names.forEach((name, index) => {
      $(`tab-${name}`).addEventListener('click', () => this.choose(name));
      $(`tab-${name}`).addEventListener('keydown', (event) => this.#key(event, index));
    });
    addEventListener('popstate', () => this.#show(inAddress()));
    this.#show(inAddress());
  }

  /** Shows a view, and puts it into the address. */
  choose(name) {
    if (name === this.shown) return;
    history.pushState(null, '', name === 'evaluate' ? '#evaluate' : location.pathname + location.search);
    this.#show(name);
  }

  #key(event, index) {
    const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const name = names[(to + names.length) % names.length];
    this.choose(name);
    $(`tab-${name}`).focus();
  }

  #show(name) {
    if (name === this.shown) return;
    this.shown = name;
    document.body.dataset.tab = name;
    for (const each of names) {
      $(`tab-${each}`).setAttribute('aria-selected', String(each === name));
      $(`tab-${each}`).tabIndex = each === name ? 0 : -1;
      $(`panel-${each}`).hidden = each !== name;
    }
    // Errors and loading are told in the view that is seen.
    if (name === 'evaluate') $('evaluate-main').prepend($('banner-place'), $('load-place'));
    else {
      $('chat-main').prepend($('banner-place'));
      $('composer').before($('load-place'));
    }
    [$('skip').href, $('skip').textContent] = skips[name];
    this.onShow(name);
  }
}
