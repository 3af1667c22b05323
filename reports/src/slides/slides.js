'use strict';
// Walks through the slides; without it they stand one below the other, their notes between them.
(() => {
  const root = document.documentElement;
  const slides = [...document.querySelectorAll('.slide')];
  let now = 0;

  const nav = document.createElement('nav');
  nav.className = 'walk';
  nav.setAttribute('aria-label', 'Slides');
  const place = document.createElement('span');
  const button = (text, label, act) => {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = text;
    made.setAttribute('aria-label', label);
    made.addEventListener('click', act);
    nav.append(made);
  };

  // A vote is shown as a question first, and as answered to whoever comes back to it.
  const show = (to, answered) => {
    now = Math.min(Math.max(to, 0), slides.length - 1);
    slides[now].classList.toggle('asking', !answered && slides[now].matches('.vote'));
    slides.forEach((slide, number) => slide.classList.toggle('now', number === now));
    place.textContent = `${now + 1} / ${slides.length}`;
    const slide = slides[now];
    slide.tabIndex = -1;
    slide.focus({ preventScroll: true });
    if (root.classList.contains('all')) slide.scrollIntoView({ block: 'nearest' });
    else scrollTo(0, 0);
    const hash = `#${now + 1}`;
    if (location.hash === hash) return;
    try {
      history.replaceState(null, '', hash);
    } catch {
      location.hash = hash;
    }
  };
  const readHash = () => show((parseInt(location.hash.slice(1), 10) || 1) - 1);
  const turn = (name, on) => {
    root.classList.toggle(name, on);
    show(now, !slides[now].matches('.asking'));
  };
  const overview = () => turn('all');
  const next = () => (slides[now].matches('.asking') ? show(now, true) : show(now + 1));
  const back = () => show(now - 1, true);

  const keys = {
    ArrowRight: next,
    ArrowDown: next,
    PageDown: next,
    ArrowLeft: back,
    ArrowUp: back,
    PageUp: back,
    Home: () => show(0),
    End: () => show(slides.length - 1),
    n: () => turn('noting'),
    o: overview,
    Escape: overview,
  };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest?.('.scroll')) return;
    const pressed = event.target.closest?.('button, summary');
    if (event.key === ' ' && !pressed) event.shiftKey ? back() : next();
    else if (event.key === 'Enter' && !pressed && root.classList.contains('all')) overview();
    else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
  slides.forEach((slide, number) => slide.addEventListener('click', () => {
    if (!root.classList.contains('all')) return;
    root.classList.remove('all');
    show(number);
  }));
  addEventListener('hashchange', readHash);

  button('‹', 'Previous slide', back);
  nav.append(place);
  button('›', 'Next slide', next);
  document.body.append(nav);
  root.classList.add('on');
  readHash();
})();
