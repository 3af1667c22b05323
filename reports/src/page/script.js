// What is shown: who is hidden, how tables are sorted, on which scale figures stand, in which unit times are. All of it
// lives in the hash. The page is complete without scripts; what only they need is hidden in it, or styled here.
// Beside it, in one scope: crosshair.js, saving.js.
const all = (query, from = document) => [...from.querySelectorAll(query)];
const one = (query, from = document) => from.querySelector(query);
const create = (tag, text, properties) => Object.assign(document.createElement(tag), { textContent: text }, properties);
const sheet = new CSSStyleSheet();
sheet.replaceSync(`.readout{position:absolute;z-index:1;background:var(--paper);color:var(--ink)}
.readout:not(:empty){border:1px solid;padding:.3rem .7rem}
.readout b{display:block}
.low{position:fixed;bottom:0}`);
document.adoptedStyleSheets = [sheet];
all('[hidden]').forEach((element) => { element.hidden = false; });

// "#memory&hide=1,3&sort=0.2d&scale=latency-curve-cpu&unit=ms": an anchor, then how the page differs from as it came.
const state = { hide: new Set(), sort: new Set(), scale: new Set(), unit: new Set() };
const toggle = (set, value) => set.delete(value) || set.add(value);
const anchor = () => location.hash.slice(1).split('&').find((part) => !part.includes('='));
const readHash = () => {
  const fields = new URLSearchParams(location.hash.slice(1));
  for (const name in state) state[name] = new Set(fields.get(name)?.split(',').filter(Boolean));
  apply();
  if (location.hash.includes('=')) document.getElementById(anchor())?.scrollIntoView();
};
const writeHash = () => {
  const fields = Object.entries(state).map(([name, values]) =>
    values.size && `${name}=${[...values].sort().map(encodeURIComponent)}`);
  const hash = '#' + [anchor(), ...fields].filter(Boolean).join('&');
  history.replaceState(null, '', hash);
};
const apply = () => {
  turns.forEach((turn) => turn());
  tables.forEach(arrange);
  all('[data-c]').forEach((element) => element.classList.toggle('off', state.hide.has(element.dataset.c)));
  all('[data-toggle]').forEach((button) => { button.ariaPressed = String(!state.hide.has(button.dataset.toggle)); });
  units.selectedIndex = Math.max(0, [...units].findIndex(({ value }) => state.unit.has(value)));
  times.forEach(([node, text]) => { node.data = inUnit(text); });
  reach();
  dispatchEvent(new Event('changed'));
};
const on = (kind, element, what) => element.addEventListener(kind, () => {
  what();
  apply();
  writeHash();
});
all('[data-toggle]').forEach((button) => on('click', button, () => toggle(state.hide, button.dataset.toggle)));

// A drawing that is wider than its place can be moved by keyboard.
const reach = () => all('.draw').forEach((draw) => { draw.tabIndex = draw.scrollWidth > draw.clientWidth ? 0 : -1; });
addEventListener('resize', reach);

// Moves the point in the digits that are shown: none is made up, none is lost.
const POWERS = { ns: 0, µs: 3, ms: 6, s: 9 };
const units = one('#unit');
on('change', units, () => { state.unit = new Set(units.value ? [units.value] : []); });
const inUnit = (text) => units.value ? text.replace(/(\d[\d.,]*(?: to \d[\d.,]*)?) ([nµm]?s)\b/g, (_, numbers, from) => {
  const by = POWERS[from] - POWERS[units.value];
  return numbers.replace(/\d[\d.,]*/g, (digits) => {
    const value = Number(digits.replaceAll(',', ''));
    const minimumFractionDigits = value && Math.max(0, (digits.split('.')[1] ?? '').length - by);
    return (value * 10 ** by).toLocaleString('en', { minimumFractionDigits });
  }) + ' ' + units.value;
}) : text;
const times = all('.sortable td, .sortable small, figure td').flatMap((cell) => [...cell.childNodes])
  .filter((node) => node.data).map((node) => [node, node.data]);

// Tables sort by the number behind a cell; what is not there stays last.
const tables = all('table.sortable').map((table, number) => {
  const [body, heads] = [table.tBodies[0], all('thead th', table)];
  const order = () => [...state.sort].find((one) => one.startsWith(number + '.'));
  heads.forEach((head, column) => {
    const button = create('button');
    button.append(...head.childNodes);
    head.append(button);
    on('click', button, () => {
      state.sort.delete(order());
      state.sort.add(`${number}.${column}${head.ariaSort === 'ascending' ? 'd' : ''}`);
    });
  });
  return { body, heads, rows: [...body.rows], order };
});
const arrange = ({ body, heads, rows, order }) => {
  const [, column, down] = /\.(\d+)(d?)$/.exec(order()) ?? [];
  heads.forEach((head, at) => { head.ariaSort = at !== Number(column) ? null : down ? 'descending' : 'ascending'; });
  const key = ({ cells: { [column]: cell } }) => column === '0' ? cell.textContent : Number(cell.dataset.v);
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    // What is not there is no number, and not even itself.
    return (x !== x) - (y !== y) || ((x > y) - (x < y)) * (down ? -1 : 1);
  };
  body.append(...heads[column] ? [...rows].sort(compare) : rows);
};

// A figure on its other scale came with the page, drawn from the records as the first was.
const turns = all('.turn').map((button) => {
  const figure = button.closest('figure');
  let turned = false;
  on('click', button, () => toggle(state.scale, figure.id));
  return () => {
    if (turned === state.scale.has(figure.id)) return;
    turned = !turned;
    // It says what it leads to.
    [button.value, button.textContent] = [button.textContent, button.value];
    all('template', figure).forEach((other) => {
      const drawn = other.previousElementSibling;
      drawn.replaceWith(other.content.firstElementChild);
      other.content.append(drawn);
    });
  };
});
