// Reads values off figures: a line at the nearest measured x in every figure over the same quantity, and what each
// contender has there, in the words that its mark carries. Pixels only decide which x is meant.
{
  const axis = (svg) => one('.axes .title', svg).textContent;
  const marks = (svg) => all('.pt[data-x]', svg).filter((mark) => mark.getClientRects().length);
  const middle = (mark) => {
    const { x, width } = mark.getBBox();
    return x + width / 2;
  };
  const title = (element) => one('title', element).textContent;
  // "8,000/s, 5.20 ms, saturated" and "99.90%: 5.20 ms": where on the axis, and the value.
  const words = (mark) => /(.*?)[,:] (.*)/.exec(title(mark)).slice(1);

  const line = (svg, mark) => {
    const line = document.createElementNS(svg.namespaceURI, 'line');
    const [x, floor] = [middle(mark), all('.axes .axis', svg).pop().getBBox().y];
    Object.entries({ class: 'axis cross', x1: x, x2: x, y1: 20, y2: floor }).forEach((one) => line.setAttribute(...one));
    svg.append(line);
  };
  const value = (mark) => {
    const contender = mark.closest('[data-c]');
    const value = create('span', ` ${title(contender)} ${inUnit(words(mark)[1])}`);
    value.prepend(one(`[data-toggle="${contender.dataset.c}"] svg`)?.cloneNode(true) ?? '');
    return value;
  };
  let shown;
  const show = (quantity, x, from) => {
    if (shown === quantity + x) return;
    shown = quantity + x;
    all('.cross').forEach((line) => line.remove());
    all('.xy').forEach((figure) => {
      const read = {};
      all('.draw svg', figure).forEach((svg) => {
        const there = axis(svg) === quantity ? marks(svg).filter((mark) => mark.dataset.x === x) : [];
        if (!there[0]) return;
        line(svg, there[0]);
        const head = `${one('.head', svg).textContent} at ${words(there[0])[0]}`;
        (read[head] ??= [create('b', head)]).push(...there.map(value));
      });
      const readout = one('.readout', figure);
      // Only the figure that is read is read aloud.
      readout.ariaLive = figure === from ? 'polite' : 'off';
      readout.replaceChildren(...Object.values(read).flat());
      // Where the figure goes on below the window, so would what is read off it.
      const { bottom } = one('.panels', figure).getBoundingClientRect();
      readout.classList.toggle('low', figure === from && bottom + readout.offsetHeight > innerHeight);
    });
  };
  const leave = () => show();
  addEventListener('changed', leave);
  addEventListener('pointerdown', ({ target }) => target.closest('.xy .panels') || leave());

  all('.xy .panels').forEach((panels) => {
    const figure = panels.closest('figure');
    panels.tabIndex = 0;
    const point = ({ target, clientX }) => {
      const svg = target.closest('.draw')?.querySelector('svg');
      if (!svg) return;
      const { left, width } = svg.getBoundingClientRect();
      const distance = (mark) => Math.abs(middle(mark) - (clientX - left) * svg.viewBox.baseVal.width / width);
      const [nearest] = marks(svg).sort((a, b) => distance(a) - distance(b));
      if (nearest) show(axis(svg), nearest.dataset.x, figure);
    };
    ['pointermove', 'pointerdown'].forEach((kind) => panels.addEventListener(kind, point));
    panels.addEventListener('pointerleave', ({ pointerType }) => pointerType === 'mouse' && leave());
    panels.addEventListener('blur', leave);
    panels.addEventListener('keydown', (event) => {
      if (event.target !== panels) return;
      if (event.key === 'Escape') panels.blur();
      const xs = [...new Set(all('svg', panels).flatMap(marks).map((mark) => mark.dataset.x))].sort((a, b) => a - b);
      const quantity = axis(one('svg', panels));
      const [at, last] = [xs.findIndex((x) => shown === quantity + x), xs.length - 1];
      const to = { ArrowRight: Math.min(at + 1, last), ArrowLeft: at < 0 ? last : Math.max(at - 1, 0), Home: 0, End: last };
      if (!(event.key in to)) return;
      event.preventDefault();
      show(quantity, xs[to[event.key]], figure);
    });
  });
}
